//! The sentences of a verdict: made only when somebody will read them. A table of 31,000 queues shows states alone, and
//! two sentences for each row would take as long as all the rest.

/// Collects sentences, or lets them be.
pub(super) struct Reasons(Option<Vec<String>>);

impl Reasons {
    /// Collects.
    pub(super) const fn wanted() -> Self {
        Self(Some(Vec::new()))
    }

    /// Makes none.
    pub(super) const fn unwanted() -> Self {
        Self(None)
    }

    /// Adds a sentence.
    pub(super) fn say(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(sentences) = &mut self.0 {
            sentences.push(sentence());
        }
    }

    /// The sentences, none if they were unwanted.
    pub(super) fn into_sentences(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}
