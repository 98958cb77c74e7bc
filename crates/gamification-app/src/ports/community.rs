//! A community and its members, as those who belong to it see them.

use std::future::Future;

use gamification_domain::{
    CommunityId, DirectoryText, MemberKey, MemberStanding, Profile, Role, SearchName, UserId,
};

use super::{BesideOwn, CommunityView, PageSize, StoreError};
use crate::Reader;

/// A community, and how the reader appears in it.
#[derive(Clone, Debug)]
pub struct CommunityProfile {
    /// What the platform calls it, where it told that.
    pub name: Option<DirectoryText>,
    /// How many members are present.
    pub members: u64,
    /// The reader's own profile; none for a service.
    pub own: Option<Profile>,
}

/// A place in the list of a community's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlace {
    /// What the list goes by.
    pub search_name: SearchName,
    /// What decides among those with one name.
    pub user_id: UserId,
}

/// Which part of the list of members is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRange {
    /// Only those whose names begin so; everybody when `None`.
    pub begins_with: Option<SearchName>,
    /// Where it begins: behind this place; at the first when `None`.
    pub after: Option<MemberPlace>,
    /// How many members it has at most.
    pub size: PageSize,
}

/// A present member in the list.
#[derive(Clone, Debug)]
pub struct ListedMember {
    /// Their place in it.
    pub place: MemberPlace,
    /// The name and picture that the directory has of them.
    pub profile: Profile,
    /// What they may do.
    pub role: Role,
    /// Their total and level.
    pub standing: MemberStanding,
}

/// The names by which members are found.
pub trait MemberNames: Send + Sync + 'static {
    /// Makes them for at most so many members who have none, since they were in the directory before there were such names.
    /// Gives whether there may be more.
    fn name_members(&self, limit: u16) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes those of some members away, so that they are made anew.
    fn unname_members(&self, members: &[MemberKey]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reads of a community and its members.
pub trait CommunityQueries: Send + Sync + 'static {
    /// A community, and the reader in it; `None` when it is not known.
    fn community_profile(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<CommunityProfile>>>, StoreError>> + Send;

    /// Present members by name, a part of the list; `None` when the community is not known. It costs the same wherever in the
    /// list it is.
    fn members(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: &MemberRange,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<Vec<ListedMember>>>>, StoreError>> + Send;
}
