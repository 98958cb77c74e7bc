//! Who PostgreSQL runs as.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use crate::Error;

/// The system's list of users, a line each: name, password, uid, gid and more, between colons.
const USERS: &str = "/etc/passwd";

/// A user that is not root.
#[derive(Clone, Debug)]
pub(crate) struct ServerUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl ServerUser {
    /// Another user where this process is root: PostgreSQL refuses to run as root.
    pub(crate) fn needed() -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string(USERS).map_err(|source| Error::File { file: USERS.into(), source })?;
        let user = ["postgres", "nobody"].iter().find_map(|name| find(&users, name));
        user.map(Some).ok_or(Error::NoServerUser)
    }

    /// Whether every folder on the way, and the folder itself unless it is this user's own, lets everybody through.
    pub(crate) fn can_walk_to(&self, folder: &Path) -> bool {
        const OTHERS_MAY_ENTER: u32 = 0o001;
        folder.ancestors().all(|folder| {
            fs::metadata(folder)
                .is_ok_and(|metadata| metadata.uid() == self.uid || metadata.mode() & OTHERS_MAY_ENTER != 0)
        })
    }
}

fn find(users: &str, name: &str) -> Option<ServerUser> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next() == Some(name);
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        found.then(|| ServerUser { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nnobody2:x:7:7::/:/bin/false\nnobody:x:65534:65533::/:/bin/false";
        let nobody = find(users, "nobody").unwrap();
        assert_eq!((nobody.uid, nobody.gid), (65_534, 65_533));
        assert!(find(users, "postgres").is_none());
    }
}
