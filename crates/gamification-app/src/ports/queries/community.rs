//! Reads of a community and its members, as those who belong to it see them.

use std::future::Future;

use gamification_domain::{
    CommunityId, DirectoryText, MemberKey, MemberStanding, Profile, Role, SearchName, UserId,
};

use super::{BesideOwn, CommunityView, PageSize};
use crate::{
    Reader,
    ports::{Membership, StoreError},
};

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
    /// The sort key of their name, by which the list is ordered.
    pub search_name: SearchName,
    /// What decides among those with one name.
    pub user_id: UserId,
}

/// Which part of the list of members is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRange {
    /// Only members whose names begin so; all when `None`.
    pub begins_with: Option<SearchName>,
    /// Where it begins: behind this place; at the first when `None`.
    pub after: Option<MemberPlace>,
    /// How many members it has at most.
    pub size: PageSize,
}

/// A present member in the list.
#[derive(Clone, Debug)]
pub struct ListedMember {
    /// Their place in the list, behind which its next part begins.
    pub place: MemberPlace,
    /// The name and picture that the directory has of them.
    pub profile: Profile,
    /// Their role in the community.
    pub role: Role,
    /// Their points, and their level as it was last judged.
    pub standing: MemberStanding,
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

/// Reads of whether users are members.
pub trait MembershipQueries: Send + Sync + 'static {
    /// What a user is in a community; `None` when it is not known.
    fn membership(
        &self,
        user: MemberKey,
    ) -> impl Future<Output = Result<Option<Membership>, StoreError>> + Send;
}

/// Reads of members' points and levels.
pub trait MemberQueries: Send + Sync + 'static {
    /// Members' points and levels, in the order asked, without users whom the community never had; `None` when the
    /// community is not known.
    fn member_standings(
        &self,
        community_id: CommunityId,
        reader: Reader,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<CommunityView<Vec<MemberStanding>>>, StoreError>> + Send;
}
