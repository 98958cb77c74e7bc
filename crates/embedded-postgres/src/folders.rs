//! The folders of a cluster, and who may enter them.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::{Error, SettingNames, Settings, server_user::ServerUser};

/// Where clusters are whose data folder is closed to the server's user, in a folder for each program.
const OPEN_FOLDER: &str = "/var/lib";
/// The longest path of a socket that every system takes: 104 bytes with the NUL at its end on macOS, 108 on Linux.
const LONGEST_SOCKET_PATH: usize = 103;

/// The folder of the cluster: in the data folder, or, if the server's user can't reach that, behind a link in it.
pub(crate) fn cluster_folder(
    data_dir: &Path,
    user: Option<&ServerUser>,
    settings: &Settings,
) -> Result<PathBuf, Error> {
    let folder = data_dir.join("postgres");
    let names = settings.setting_names;
    if folder.symlink_metadata().is_err() {
        match user {
            Some(user) if !user.can_walk_to(data_dir) => {
                #[expect(clippy::disallowed_methods, reason = "this crate knows no IdGenerator")]
                let unique = Uuid::now_v7().to_string();
                let elsewhere = open_folder(&settings.name)?.join(unique);
                private_folder(&elsewhere, Some(user), names)?;
                symlink(&elsewhere, &folder)
                    .map_err(|source| Error::File { file: folder.clone(), source })?;
            }
            _ => private_folder(&folder, user, names)?,
        }
    }
    let folder =
        fs::canonicalize(&folder).map_err(|source| Error::DanglingLink { link: folder.clone(), source })?;
    if let Some(user) = user.filter(|user| !user.can_walk_to(&folder)) {
        return Err(Error::ClosedFolder { user: user.name.clone(), folder, setting: names.data_dir });
    }
    private_folder(&folder, user, names)?;
    Ok(folder)
}

/// The folder of the socket: short whatever the data folder's path is, and derived from it by a hash that stays the same
/// from build to build.
pub(crate) fn socket_folder(cluster: &Path, settings: &Settings) -> Result<PathBuf, Error> {
    let hash =
        Uuid::new_v5(&Uuid::NAMESPACE_URL, cluster.as_os_str().as_encoded_bytes()).simple().to_string();
    let short = hash.get(..16).unwrap_or(&hash);
    let root = &settings.socket_root;
    let root = std::path::absolute(root).map_err(|source| Error::Folder { folder: root.clone(), source })?;
    let folder = root.join(format!("{}-{short}", settings.name));
    let socket = folder.join(".s.PGSQL.5432");
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
        return Err(Error::SocketPathTooLong { socket, longest: LONGEST_SOCKET_PATH });
    }
    Ok(folder)
}

fn open_folder(name: &str) -> Result<PathBuf, Error> {
    let folder = Path::new(OPEN_FOLDER).join(name);
    match DirBuilder::new().recursive(true).mode(0o755).create(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(Error::Folder { folder, source }),
    }
}

/// Makes a folder that only the server's user may enter, or checks that there is one.
pub(crate) fn private_folder(
    folder: &Path,
    user: Option<&ServerUser>,
    names: SettingNames,
) -> Result<(), Error> {
    let cannot = |source| Error::Folder { folder: folder.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot(error)),
        _ => {}
    }
    let metadata = fs::symlink_metadata(folder).map_err(cannot)?;
    let ourselves = rustix::process::geteuid().as_raw();
    let owner = user.map_or(ourselves, |user| user.uid);
    if !metadata.is_dir() || (metadata.uid() != owner && metadata.uid() != ourselves) {
        return Err(Error::ForeignFolder { folder: folder.to_owned(), setting: names.data_dir });
    }
    if let Some(user) = user {
        chown(folder, Some(user.uid), Some(user.gid)).map_err(cannot)?;
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_socket_stays_the_same_from_release_to_release() {
        // A program that runs since before an upgrade is found by the new one.
        let settings = Settings::new("gamification", "/srv/points");
        let folder = socket_folder(Path::new("/srv/points/postgres"), &settings).unwrap();
        assert_eq!(folder, Path::new("/tmp/gamification-85b93e66686c5f0e"));
    }

    #[test]
    fn a_socket_that_no_system_takes_is_refused_before_anything_is_started() {
        let cluster = Path::new("/srv/shop/postgres");
        let root = |length| Settings {
            socket_root: format!("/{}", "r".repeat(length)).into(),
            ..Settings::new("shop", "/")
        };
        // With "/", "/shop-", the hash's 16 and the socket's name: 103.
        assert!(socket_folder(cluster, &root(66)).is_ok());
        assert!(matches!(
            socket_folder(cluster, &root(67)),
            Err(Error::SocketPathTooLong { longest: 103, .. })
        ));
    }
}
