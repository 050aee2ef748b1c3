//! Users and groups as a person names them for a new or changed owner.

use super::Refusal;
use crate::kernel::users;
use crate::model::{Ids, escape};

/// A new owner, a new group, both or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewOwner {
    /// User id.
    pub user: Option<u32>,
    /// Group id.
    pub group: Option<u32>,
}

impl NewOwner {
    /// From names or numbers. Errors: [`Refusal::Failed`] where there is no such user or group.
    pub fn find(user: Option<&str>, group: Option<&str>) -> Result<Self, Refusal> {
        let user = user.map(|name| number(name, "user", users::uid_of)).transpose()?;
        let group = group.map(|name| number(name, "group", users::gid_of)).transpose()?;
        Ok(Self { user, group })
    }

    /// Whether nothing is to change.
    pub const fn is_empty(self) -> bool {
        self.user.is_none() && self.group.is_none()
    }

    /// These ids with the change made.
    #[must_use]
    pub fn over(self, ids: Ids) -> Ids {
        Ids { uid: self.user.unwrap_or(ids.uid), gid: self.group.or(ids.gid) }
    }
}

/// Digits are a number, whoever may be called so.
fn number(name: &str, kind: &'static str, find: fn(&str) -> Option<u32>) -> Result<u32, Refusal> {
    let failed =
        |why: &str| Refusal::Failed { what: format!("{kind} {}", escape(name.as_bytes())), why: why.to_owned() };
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
        // The last number means "leave it" to the kernel.
        let number = name.parse().ok().filter(|number| *number != u32::MAX);
        return number.ok_or_else(|| failed("the largest id is 4294967294"));
    }
    find(name).ok_or_else(|| failed(&format!("there is no {kind} of this name")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        let root = NewOwner { user: Some(0), group: None };
        assert_eq!(NewOwner::find(Some("root"), None), Ok(root));
        assert_eq!(NewOwner::find(Some("0"), None), Ok(root));
        assert!(NewOwner::find(None, Some("4294967294")).is_ok());
        for name in ["4294967295", "", "-1", "no such user", "\x1b[31m"] {
            let refusal = NewOwner::find(Some(name), None).map_err(|refusal| refusal.to_string());
            assert!(refusal.is_err_and(|text| !text.contains(char::is_control)), "{name:?}");
        }
        let ids = Ids { uid: 1, gid: Some(2) };
        assert_eq!(NewOwner { user: None, group: Some(7) }.over(ids), Ids { uid: 1, gid: Some(7) });
    }
}
