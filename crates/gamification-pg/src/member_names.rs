//! The names by which members are found, of those whom the directory had before it kept such names.

use gamification_app::ports::{MemberNames, StoreError};
use gamification_domain::{DirectoryText, MemberKey, SearchName};
use uuid::Uuid;

use crate::{
    PgStore,
    error::misread,
    repositories::CommunityMemberKeyRow,
    schema::community_members,
    statement::{NotNull, Plain, Rows, record, statements},
};

record! {
    /// A member without the name to be found by.
    struct NamelessMemberRow: Read {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        display_name: Option<String> => community_members::display_name,
    }
}

record! {
    /// A member, and the name to be found by.
    struct NamedMemberRow: Written {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        search_name: String => NotNull<community_members::search_name>,
    }
}

statements! {
    struct SelectNamelessMembers { limit: i64 => Plain<diesel::sql_types::BigInt> } -> NamelessMemberRow
    = "SELECT m.community_id, m.user_id, m.display_name FROM community_members AS m
       WHERE m.search_name IS NULL ORDER BY m.community_id, m.user_id LIMIT :limit";

    struct UnnameMembers { member: Rows<CommunityMemberKeyRow> }
    = "UPDATE community_members AS m SET search_name = NULL
       FROM :member
       WHERE m.community_id = member.community_id AND m.user_id = member.user_id[[
         AND m.community_id = ANY (:member.communities)]]";

    /// Who was named in the meantime has the newer name.
    struct NameMembers { named: Rows<NamedMemberRow> }
    = "UPDATE community_members AS m SET search_name = named.search_name
       FROM :named
       WHERE m.community_id = named.community_id AND m.user_id = named.user_id AND m.search_name IS NULL[[
         AND m.community_id = ANY (:named.communities)]]";
}

impl TryFrom<NamelessMemberRow> for NamedMemberRow {
    type Error = StoreError;

    fn try_from(row: NamelessMemberRow) -> Result<Self, StoreError> {
        let NamelessMemberRow { community_id, user_id, display_name } = row;
        let name = display_name.map(|name| DirectoryText::parse(&name)).transpose();
        let name = name.map_err(misread!(community_members::display_name, [community_id, user_id]))?;
        Ok(Self { community_id, user_id, search_name: SearchName::of(name.as_ref()).as_str().to_owned() })
    }
}

impl MemberNames for PgStore {
    async fn name_members(&self, limit: u16) -> Result<bool, StoreError> {
        let named: Vec<NamedMemberRow> = self.read(SelectNamelessMembers { limit: i64::from(limit) }).await?;
        let may_be_more = named.len() >= usize::from(limit);
        self.run(NameMembers { named: named.into_iter().collect() }).await?;
        Ok(may_be_more)
    }

    async fn unname_members(&self, members: &[MemberKey]) -> Result<(), StoreError> {
        self.run(UnnameMembers { member: members.iter().copied().collect() }).await
    }
}
