//! The tables as statements see them. A test compares them with a migrated database, and renews them with
//! `RENEW_SCHEMA=1`.

diesel::table! {
    channels (name) {
        name -> Varchar,
        id -> Integer,
        registered_at -> Timestamptz,
    }
}

diesel::table! {
    communities (community_id) {
        community_id -> Uuid,
        name -> Nullable<Text>,
        name_change -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    community_members (community_id, user_id) {
        community_id -> Uuid,
        user_id -> Uuid,
        is_present -> Bool,
        display_name -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        presence_change -> Nullable<Jsonb>,
        role -> Varchar,
        role_change -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        xid -> Nullable<BigInt>,
        is_listed -> Bool,
        profile_change -> Nullable<Jsonb>,
        search_name -> Nullable<Text>,
    }
}

diesel::table! {
    configuration_versions (community_id, kind, version) {
        community_id -> Uuid,
        kind -> Varchar,
        version -> Integer,
        content -> Jsonb,
        changed_by -> Nullable<Uuid>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    course_level_requirements (community_id, id) {
        community_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        minimum_level -> SmallInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    courses (community_id, course_id) {
        community_id -> Uuid,
        course_id -> Uuid,
        is_listed -> Bool,
        title -> Nullable<Text>,
        listing_change -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    deliveries (community_id, event_id, channel_id) {
        community_id -> Uuid,
        event_id -> Uuid,
        channel_id -> Integer,
        member_id -> Uuid,
        sequence -> BigInt,
    }
}

diesel::table! {
    delivery_failures (community_id, member_id, channel_id) {
        community_id -> Uuid,
        member_id -> Uuid,
        channel_id -> Integer,
        event_id -> Uuid,
        failures -> Integer,
        attempted_at -> Timestamptz,
        retry_at -> Timestamptz,
        parked_at -> Nullable<Timestamptz>,
        cause -> Text,
    }
}

diesel::table! {
    erased_members (community_id, user_hash) {
        community_id -> Uuid,
        user_hash -> Bytea,
        erased_at -> Timestamptz,
    }
}

diesel::table! {
    erasure_sweeps (community_id) {
        community_id -> Uuid,
        stage -> Varchar,
        after_kind -> Varchar,
        after_id -> Uuid,
        after_user_id -> Uuid,
        began_at -> Timestamptz,
    }
}

diesel::table! {
    erasures (community_id, user_id) {
        community_id -> Uuid,
        user_id -> Uuid,
        pseudonym -> Uuid,
        member_points_id -> Nullable<Uuid>,
        is_in_sweep -> Bool,
    }
}

diesel::table! {
    leaderboard_entries (community_id, user_id) {
        community_id -> Uuid,
        user_id -> Uuid,
        sort_name -> Bytea,
        is_listed -> Bool,
        seven_day -> BigInt,
        thirty_day -> BigInt,
        all_time -> BigInt,
    }
}

diesel::table! {
    leaderboard_progress (is_only) {
        is_only -> Bool,
        xid -> Nullable<BigInt>,
        seven_day_start -> Nullable<Timestamptz>,
        thirty_day_start -> Nullable<Timestamptz>,
        complete_until -> Nullable<Timestamptz>,
        next_xid -> Nullable<BigInt>,
        next_complete_until -> Nullable<Timestamptz>,
        layout -> Nullable<Integer>,
        system_identifier -> Nullable<BigInt>,
    }
}

diesel::table! {
    leaderboard_sections (community_id, board, place, sort_name, user_id) {
        community_id -> Uuid,
        board -> Varchar,
        place -> BigInt,
        sort_name -> Bytea,
        user_id -> Uuid,
        members -> BigInt,
    }
}

diesel::table! {
    level_configurations (community_id, id) {
        community_id -> Uuid,
        id -> Uuid,
        levels -> Jsonb,
        version -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        rules -> Nullable<Jsonb>,
        rules_version -> Integer,
        erasure_key -> Nullable<Bytea>,
    }
}

diesel::table! {
    level_counts (community_id, level) {
        community_id -> Uuid,
        level -> SmallInt,
        members -> BigInt,
    }
}

diesel::table! {
    like_switches (community_id, content_kind, content_id, liker_id) {
        community_id -> Uuid,
        content_kind -> Varchar,
        content_id -> Uuid,
        liker_id -> Uuid,
        author_id -> Nullable<Uuid>,
        newest_change -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        points -> Integer,
    }
}

diesel::table! {
    member_points (community_id, id) {
        community_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        total_points -> Integer,
        current_level -> SmallInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        is_present -> Bool,
    }
}

diesel::table! {
    outbox (community_id, event_id) {
        community_id -> Uuid,
        event_id -> Uuid,
        sequence -> BigInt,
        member_id -> Uuid,
        event_type -> Varchar,
        payload -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    point_transactions (community_id, id) {
        community_id -> Uuid,
        id -> Uuid,
        member_points_id -> Uuid,
        points -> Integer,
        source -> Varchar,
        source_id -> Uuid,
        actor_id -> Uuid,
        event_id -> Text,
        occurred_at -> Timestamptz,
        created_at -> Timestamptz,
        once_per -> Nullable<Uuid>,
        xid -> Nullable<BigInt>,
        requested_points -> Nullable<Integer>,
        reason -> Nullable<Text>,
        rules_version -> Integer,
    }
}

diesel::table! {
    recalculations (community_id, id) {
        community_id -> Uuid,
        id -> Uuid,
        next_user_id -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        members_done -> BigInt,
        members_total -> Nullable<BigInt>,
    }
}

diesel::table! {
    tallies (community_id, member_points_id, day, source, liker_id) {
        community_id -> Uuid,
        member_points_id -> Uuid,
        day -> Date,
        source -> Varchar,
        liker_id -> Uuid,
        counted_since -> Integer,
        earned -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    channels,
    communities,
    community_members,
    configuration_versions,
    course_level_requirements,
    courses,
    deliveries,
    delivery_failures,
    erased_members,
    erasure_sweeps,
    erasures,
    leaderboard_entries,
    leaderboard_progress,
    leaderboard_sections,
    level_configurations,
    level_counts,
    like_switches,
    member_points,
    outbox,
    point_transactions,
    recalculations,
    tallies,
);
