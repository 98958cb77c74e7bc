// Generated from the server's OpenAPI document by `npm run schema`: change the server, not this file.

export interface paths {
    readonly "/api/communities/{community_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A community, and the caller in it */
        readonly get: operations["community"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/courses/access": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A member's access to every course of the community */
        readonly get: operations["course_accesses"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/courses/{course_id}/access": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Whether a member gets into a course
         * @description With `enforce=true` an answer of 403 says no, for gateways that look at the status only.
         */
        readonly get: operations["course_access"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/courses/{course_id}/level-requirement": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The level that a course asks for
         * @description For admins; others ask for their access, which says the same of one course.
         */
        readonly get: operations["course_level_requirement"];
        /**
         * Sets the level that a course asks for, or opens it to all
         * @description For admins. It counts from the next look at the course on.
         */
        readonly put: operations["set_course_level_requirement"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/leaderboards": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The best ten of each board, and one's own rank
         * @description Boards follow what happens within a second or two, and a window's old end by the second.
         *     The `ETag` is over the boards alone: 304 says that no place has changed.
         */
        readonly get: operations["leaderboards"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/leaderboards/widget": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The best five of the last 720 hours */
        readonly get: operations["leaderboard_widget"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/leaderboards/{leaderboard}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A board page by page, or around a member
         * @description Pages continue behind the last member of the one before, as the board is by then.
         */
        readonly get: operations["leaderboard"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/levels": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Names, thresholds and distribution of the levels
         * @description The `ETag` is the version of names and thresholds, a dot, and a hash of the answer: `If-Match` looks at the version,
         *     `If-None-Match` at all of it.
         */
        readonly get: operations["levels"];
        /**
         * Names the levels and sets their thresholds
         * @description For admins. All nine at once; all mistakes are told at once. They count for every read and award at once; answers when
         *     every member was leveled up to where they put them, or after two seconds with 202. No level falls.
         */
        readonly put: operations["update_levels"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/levels/history": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Who changed the levels, and when
         * @description For admins and services. Every version that was noted, newest first; version 1 are the defaults.
         */
        readonly get: operations["levels_history"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/levels/preview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * What other levels would do
         * @description For admins. Takes the body of a change, and changes nothing: how many members each level has and would have, and who
         *     would reach a higher one.
         */
        readonly post: operations["preview_levels"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The members of a community, by name
         * @description All present members, whether on leaderboards or not. With `query`, those whose names begin with it, whatever the
         *     case.
         */
        readonly get: operations["members"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members/levels": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Up to 200 badges at once
         * @description Users whom the community never had are left out.
         */
        readonly get: operations["badges"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members/{user_id}/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * All that is stored about a member
         * @description For members themselves, for admins, and for services; a member who left, for admins and services. One document, which is
         *     sent as it is read: one that can't be read to its end ends in the middle, and is no JSON.
         */
        readonly get: operations["export_member"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members/{user_id}/level": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A member's points and level
         * @description For every member of the community, and for services. A member who left is still shown.
         */
        readonly get: operations["member_level"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members/{user_id}/points": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * How a member came to their points
         * @description For members themselves, for admins, and for services. A member who left is still shown to admins and services. Newest
         *     entry first, in the order in which they were recorded: what is recorded while pages are read is not among the
         *     older entries that follow.
         *
         *     With `source`, an answer may have fewer entries than `limit`, or none, although others follow: `next_cursor` says so.
         */
        readonly get: operations["point_history"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/members/{user_id}/points/adjustments": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Adjust a member's points
         * @description For admins of the community, and for services with the scope `gamification:adjust`. The same request with the same
         *     `Idempotency-Key` is answered with the same entry, however often it comes. A total never goes below 0: `points` of the
         *     entry is what was really taken. The level follows the points up, and never down.
         */
        readonly post: operations["adjust_points"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/rules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * What members earn points by
         * @description For admins and services. The `ETag` begins with the version, which `If-Match` looks at.
         */
        readonly get: operations["rules"];
        /**
         * Says what members earn points by
         * @description For admins. The rules of all sources at once; all mistakes are told at once. They count for what is recorded from then
         *     on: nothing earned before changes, and a like is taken back at what it gave.
         */
        readonly put: operations["update_rules"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/rules/history": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Who changed the rules, and when
         * @description For admins and services. Every version, newest first; the first are the defaults.
         */
        readonly get: operations["rules_history"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/rules/preview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * What caps would have taken away
         * @description For admins. Takes the body of a change, and changes nothing: how much of what was earned in the last 30 days is beyond
         *     the caps.
         */
        readonly post: operations["preview_rules"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/communities/{community_id}/stream": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * What happens in a community, as it happens
         * @description Server-sent events for pages that are open: each message is the CloudEvent that a webhook gets, its `event` the type, its
         *     `id` the sequence. The first is `reset`, and another comes whenever something may have been missed: read again what you
         *     show. A stream ends when its token expires, when its user leaves the community, and when the server stops.
         */
        readonly get: operations["stream"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Takes events in
         * @description The token's `scope` must contain `gamification:events:write`. One event, structured (`application/cloudevents+json`)
         *     or binary (`application/json` with `ce-*` headers), or a batch of up to 1,000, in 4 MiB at most.
         *     Answers after the commit: what is called applied survives a crash.
         */
        readonly post: operations["record_events"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/docs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A page to read and try the API */
        readonly get: operations["docs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Liveness: whether the process answers at all */
        readonly get: operations["live"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * What is counted and measured
         * @description In the text format of Prometheus.
         */
        readonly get: operations["metrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The OpenAPI document of this API */
        readonly get: operations["openapi"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The server can take work
         * @description The database answers, its schema is ours or newer, and the server is not about to stop.
         */
        readonly get: operations["ready"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description The level of a member, as it is shown on their avatar.
         * @example {
         *       "level": 3,
         *       "level_name": "Builder",
         *       "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *     }
         */
        readonly Badge: {
            /**
             * Format: int32
             * @description The level they have reached, 1 to 9: a level once reached stays
             */
            readonly level: number;
            /** @description The name of that level in the community, 1 to 30 characters */
            readonly level_name: string;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /** @description Badges, in the order asked. */
        readonly Badges: {
            /** @description The badges, without users whom the community never had */
            readonly members: readonly components["schemas"]["Badge"][];
        };
        /**
         * @description An event of the platform (CloudEvents 1.0, structured).
         * @example {
         *       "data": {
         *         "author_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada",
         *         "community_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c00",
         *         "post_id": "0192f0c1-5c1e-7f4e-8f4b-000000000b0b",
         *         "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000001"
         *       },
         *       "id": "5d",
         *       "source": "/community",
         *       "specversion": "1.0",
         *       "time": "2026-11-22T10:00:00Z",
         *       "type": "PostLiked"
         *     }
         */
        readonly CloudEvent: {
            /** @description What happened: an object whose fields depend on the type */
            readonly data?: unknown;
            /** @description Breaks ties between changes of one moment; never used to tell whether a fact is known */
            readonly id: string;
            /** @description Decides which of two changes is newer, where events carry it */
            readonly sequence?: string | number | null;
            /** @description Where the event comes from, as CloudEvents ask for it; it is not kept */
            readonly source: string;
            /** @description The version of CloudEvents: 1.0 */
            readonly specversion: string;
            /**
             * Format: date-time
             * @description When it happened (RFC 3339); in the future, or left out, it counts as the moment of receipt
             */
            readonly time?: string | null;
            /** @description `PostCreated`, `CommentAdded`, `PostLiked`, `CommentLiked`, `PostUnliked`, `CommentUnliked`, `LessonCompleted`, `PointsAdjusted`, `CommunityCreated`, `MemberJoined`, `MemberProfileChanged`, `MemberRoleChanged`, `MemberLeft`, `MemberErased`, `CourseCreated`, `CourseDeleted`; others are ignored */
            readonly type: string;
        };
        /**
         * @description A community as a member sees it, or a service.
         * @example {
         *       "community_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c00",
         *       "me": {
         *         "avatar_url": "https://avatars.example/ada.png",
         *         "display_name": "Ada",
         *         "role": "MEMBER",
         *         "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *       },
         *       "members": 42,
         *       "name": "Rustaceans"
         *     }
         */
        readonly Community: {
            /**
             * Format: uuid
             * @description The community, by its id on the platform
             */
            readonly community_id: string;
            readonly me: components["schemas"]["OwnMembership"] | null;
            /**
             * Format: int64
             * @description The number of present members
             */
            readonly members: number;
            /** @description The name that the platform told of it; `null` where it told none */
            readonly name: string | null;
        };
        /**
         * @description Whether a member gets into a course, and why.
         * @example {
         *       "current_level": 2,
         *       "has_access": false,
         *       "required_level": 3,
         *       "required_level_name": "Builder"
         *     }
         */
        readonly CourseAccess: {
            /**
             * Format: int32
             * @description The level that the member has reached, 1 to 9
             */
            readonly current_level: number;
            /** @description Whether the level that the member has reached is enough */
            readonly has_access: boolean;
            /**
             * Format: int32
             * @description The lowest level that the course lets in, 1 to 9; `null` when the course is open to all
             */
            readonly required_level: number | null;
            /** @description The name of that level; `null` when the course is open to all */
            readonly required_level_name: string | null;
        };
        /** @description A member's access to courses, by course id. */
        readonly CourseAccesses: {
            /** @description The courses that the community lists, or those of them that were asked for */
            readonly courses: readonly components["schemas"]["ListedCourseAccess"][];
        };
        /**
         * @description The lowest level that a course lets in.
         * @example {
         *       "course_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c05",
         *       "minimum_level": 3
         *     }
         */
        readonly CourseLevelRequirement: {
            /**
             * Format: uuid
             * @description The course, by its id on the platform
             */
            readonly course_id: string;
            /**
             * Format: int32
             * @description The lowest level that gets in, 1 to 9; `null` when the course is open to all
             */
            readonly minimum_level: number | null;
        };
        /**
         * @description The lowest level that a course shall let in.
         * @example {
         *       "minimum_level": 3
         *     }
         */
        readonly CourseLevelRequirementUpdate: {
            /**
             * Format: int32
             * @description The lowest level that gets in, 1 to 9; `null` opens the course to all
             */
            readonly minimum_level: number | null;
        };
        /** @description What became of one event. */
        readonly EventResult: {
            /** @description `capped` where a cap of the community's rules left less of its points, or why it was rejected */
            readonly detail?: string | null;
            /** @description The event's `id`; `null` when it has none */
            readonly id: string | null;
            readonly status: components["schemas"]["Status"];
        };
        /**
         * @description A verdict for each event, in the order sent, and how many there are of each.
         * @example {
         *       "applied": 1,
         *       "duplicate": 0,
         *       "ignored": 0,
         *       "rejected": 1,
         *       "results": [
         *         {
         *           "id": "5d",
         *           "status": "applied"
         *         },
         *         {
         *           "detail": "data.author_id is missing",
         *           "id": "5e",
         *           "status": "rejected"
         *         }
         *       ],
         *       "stale": 0
         *     }
         */
        readonly EventResults: {
            /**
             * Format: int64
             * @description How many changed points, a like or the directory
             */
            readonly applied: number;
            /**
             * Format: int64
             * @description How many told a fact that was recorded before
             */
            readonly duplicate: number;
            /**
             * Format: int64
             * @description How many have no effect: of a type that means nothing here, or by the rules
             */
            readonly ignored: number;
            /**
             * Format: int64
             * @description How many are not recorded; `detail` says why
             */
            readonly rejected: number;
            /** @description What became of each event, in the order sent */
            readonly results: readonly components["schemas"]["EventResult"][];
            /**
             * Format: int64
             * @description How many told a change that a newer one had overtaken
             */
            readonly stale: number;
        };
        /** @description A membership as the directory has it. */
        readonly ExportedMembership: {
            /** @description The address of their picture; `null` where the platform told none */
            readonly avatar_url: string | null;
            /**
             * Format: date-time
             * @description When they joined, or left, by the newest event about that; `null` where none told it
             */
            readonly changed_at: string | null;
            /** @description The name that the platform told of them; `null` where it told none */
            readonly display_name: string | null;
            /** @description Whether they are a member now */
            readonly is_present: boolean;
            /**
             * Format: date-time
             * @description When an event first told of them
             */
            readonly known_since: string;
            /** @description Whether others see them on leaderboards */
            readonly listed: boolean;
            /** @enum {string} */
            readonly role: "MEMBER" | "MODERATOR" | "ADMIN";
        };
        /** @description A place on a board. */
        readonly ExportedPlace: {
            /** @enum {string} */
            readonly leaderboard: "seven_day" | "thirty_day" | "all_time";
            /**
             * Format: int64
             * @description Their points in the board's window of time
             */
            readonly points: number;
            /**
             * Format: int64
             * @description Their rank on the board, from 1
             */
            readonly rank: number;
        };
        /**
         * @description What can be wrong with a field of a body.
         * @enum {string}
         */
        readonly FieldCode: "REQUIRED" | "INVALID" | "REPEATED" | "UNKNOWN_FIELD" | "TOO_LONG" | "NOT_UNIQUE" | "TOO_LOW" | "TOO_LARGE" | "NOT_INCREASING" | "COURSE_UNKNOWN" | "TOTAL_TOO_LARGE" | "KEY_REUSED";
        /** @description One mistake in a body. */
        readonly FieldError: {
            /** @description What is wrong there, for programs; stable. */
            readonly code: components["schemas"]["FieldCode"];
            /** @description What is wrong there, for people. */
            readonly detail: string;
            /** @description Where: a JSON pointer as a URI fragment, such as `#/data/author_id`. */
            readonly pointer: string;
        };
        /**
         * @description Why access is denied.
         * @enum {string}
         */
        readonly ForbiddenReason: "NOT_A_MEMBER" | "NOT_AN_ADMIN" | "MISSING_SCOPE";
        /** @description A like that was given, or taken back. */
        readonly GivenLike: {
            /**
             * Format: uuid
             * @description Who holds its point; `null` where it was taken back
             */
            readonly author_id: string | null;
            /**
             * Format: date-time
             * @description When it was given or taken back
             */
            readonly changed_at: string;
            /** @enum {string} */
            readonly content: "post" | "comment";
            /**
             * Format: uuid
             * @description The post or comment, by its id on the platform
             */
            readonly content_id: string;
        };
        /** @description The state of the process, for people who look. */
        readonly Health: {
            readonly status: string;
        };
        /** @description Part of a board, as of a moment. */
        readonly Leaderboard: components["schemas"]["LeaderboardPart"] & {
            /**
             * Format: date-time
             * @description Whatever was committed before is in the board
             */
            readonly last_updated: string;
        };
        /**
         * @description A member on a leaderboard.
         * @example {
         *       "avatar_url": "https://avatars.example/ada.png",
         *       "display_name": "Ada",
         *       "level": 3,
         *       "points": 45,
         *       "rank": 1,
         *       "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *     }
         */
        readonly LeaderboardEntry: {
            /** @description The address of their picture; `null` where the platform told none */
            readonly avatar_url: string | null;
            /** @description The name that the platform told of them; `Member` where it told none */
            readonly display_name: string;
            /**
             * Format: int32
             * @description The level they have reached, 1 to 9: a level once reached stays
             */
            readonly level: number;
            /**
             * Format: int64
             * @description Their points in the board's window of time; never shown below 0
             */
            readonly points: number;
            /**
             * Format: int64
             * @description Their rank among the members of the board: unique and consecutive, from 1
             */
            readonly rank: number;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /** @description Some members of a board, and where the caller is on it. */
        readonly LeaderboardPart: {
            /** @description Members who follow one another, by rank */
            readonly entries: readonly components["schemas"]["LeaderboardEntry"][];
            /** @description What `cursor` must be for the next page; `null` at the end, and around a member */
            readonly next_cursor: string | null;
            /**
             * Format: int64
             * @description How many members the board has
             */
            readonly total_members: number;
            readonly your_rank: components["schemas"]["LeaderboardEntry"] | null;
        };
        /** @description The best of a board. */
        readonly LeaderboardTop: {
            /** @description The first members, by rank */
            readonly entries: readonly components["schemas"]["LeaderboardEntry"][];
            /**
             * Format: int64
             * @description How many members the board has
             */
            readonly total_members: number;
            readonly your_rank: components["schemas"]["LeaderboardEntry"] | null;
        };
        /** @description The best five of the last 720 hours. */
        readonly LeaderboardWidget: {
            readonly entries: readonly components["schemas"]["LeaderboardEntry"][];
            /**
             * Format: date-time
             * @description Whatever was committed before is in the board
             */
            readonly last_updated: string;
        };
        /** @description The best of each board, as of a moment. */
        readonly Leaderboards: components["schemas"]["LeaderboardsByWindow"] & {
            /**
             * Format: date-time
             * @description Whatever was committed before is in the boards
             */
            readonly last_updated: string;
        };
        /** @description The best of each board. */
        readonly LeaderboardsByWindow: {
            /** @description The board by all points */
            readonly all_time: components["schemas"]["LeaderboardTop"];
            /** @description The board by the points of the last 168 hours */
            readonly seven_day: components["schemas"]["LeaderboardTop"];
            /** @description The board by the points of the last 720 hours */
            readonly thirty_day: components["schemas"]["LeaderboardTop"];
        };
        /**
         * @description A level, and the share of the present members at it.
         * @example {
         *       "level": 1,
         *       "member_percentage": 50,
         *       "name": "Student",
         *       "threshold": 0
         *     }
         */
        readonly Level: {
            /**
             * Format: int32
             * @description The number of the level, 1 to 9
             */
            readonly level: number;
            /**
             * Format: double
             * @description The share of the present members at this level, in percent with one decimal
             */
            readonly member_percentage: number;
            /** @description The name of the level in the community */
            readonly name: string;
            /**
             * Format: int32
             * @description The points that reach it, 0 for level 1
             */
            readonly threshold: number;
        };
        /**
         * @description A level as it was.
         * @example {
         *       "level": 2,
         *       "name": "Practitioner",
         *       "threshold": 10
         *     }
         */
        readonly LevelOfVersion: {
            /**
             * Format: int32
             * @description The number of the level, 1 to 9
             */
            readonly level: number;
            /** @description The name of the level in that version */
            readonly name: string;
            /**
             * Format: int32
             * @description The points that reached it
             */
            readonly threshold: number;
        };
        /** @description The nine levels of a community, and where the caller is. */
        readonly Levels: {
            /**
             * Format: int32
             * @description The level that the caller has reached, 1 to 9; `null` for services
             */
            readonly current_user_level: number | null;
            /**
             * @description The caller's role; `null` for services
             * @enum {string|null}
             */
            readonly current_user_role: "MEMBER" | "MODERATOR" | "ADMIN" | null;
            /** @description All nine, lowest first */
            readonly levels: readonly components["schemas"]["Level"][];
            /** @description Whether members are still being leveled up after a change of thresholds; what is shown is right meanwhile */
            readonly recalculating: boolean;
            readonly recalculation?: components["schemas"]["Recalculation"] | null;
        };
        /** @description Versions of the levels, newest first. */
        readonly LevelsHistory: {
            /** @description Where the next part begins; `null` at the end */
            readonly next_cursor: string | null;
            /** @description The versions, newest first */
            readonly versions: readonly components["schemas"]["LevelsVersion"][];
        };
        /** @description What a list of levels would do. */
        readonly LevelsPreview: {
            /**
             * Format: int64
             * @description How many present members would reach a higher level
             */
            readonly level_up_count: number;
            /** @description Some of them, those with the highest new level first */
            readonly level_ups: readonly components["schemas"]["PreviewedLevelUp"][];
            /** @description All nine, lowest first */
            readonly levels: readonly components["schemas"]["PreviewedLevel"][];
        };
        /** @description The nine levels as they shall be. */
        readonly LevelsUpdate: {
            /** @description All nine, in any order */
            readonly levels: readonly {
                /**
                 * Format: int32
                 * @description The number of the level, 1 to 9
                 */
                readonly level: number;
                /** @description Plain text of up to 30 characters; tags are stripped, white space is collapsed. Unique, whatever the case */
                readonly name: string;
                /**
                 * Format: int32
                 * @description The points that reach it: 0 for level 1, and more for each further level
                 */
                readonly threshold: number;
            }[];
        };
        /** @description A version of the levels. */
        readonly LevelsVersion: {
            /**
             * Format: date-time
             * @description When it came into force
             */
            readonly changed_at: string;
            /**
             * Format: uuid
             * @description The admin who made it; `null` for the defaults, and where it was not noted
             */
            readonly changed_by: string | null;
            /** @description All nine, lowest first */
            readonly levels: readonly components["schemas"]["LevelOfVersion"][];
            /**
             * Format: int32
             * @description The number of the version, from 1
             */
            readonly version: number;
        };
        /** @description Whether the caller gets into one of several courses. */
        readonly ListedCourseAccess: components["schemas"]["CourseAccess"] & {
            /**
             * Format: uuid
             * @description The course, by its id on the platform
             */
            readonly course_id: string;
            /** @description The title that the platform told of it; `null` where it told none */
            readonly title: string | null;
        };
        /**
         * @description A present member, as the list of members shows them.
         * @example {
         *       "avatar_url": "https://avatars.example/ada.png",
         *       "display_name": "Ada",
         *       "level": 3,
         *       "role": "MEMBER",
         *       "total_points": 45,
         *       "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *     }
         */
        readonly Member: {
            /** @description The address of their picture; `null` where the platform told none */
            readonly avatar_url: string | null;
            /** @description The name that the platform told of them; `Member` where it told none */
            readonly display_name: string;
            /**
             * Format: int32
             * @description The level they have reached, 1 to 9: a level once reached stays
             */
            readonly level: number;
            /** @enum {string} */
            readonly role: "MEMBER" | "MODERATOR" | "ADMIN";
            /**
             * Format: int32
             * @description The sum of their ledger, 0 or more
             */
            readonly total_points: number;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /** @description All that is stored about a member. */
        readonly MemberExport: components["schemas"]["MemberExportHead"] & {
            /** @description Their ledger, oldest entry first */
            readonly ledger: readonly components["schemas"]["PointHistoryEntry"][];
            /** @description The likes that they gave, by post or comment; those that they got are in the ledger */
            readonly likes_given: readonly components["schemas"]["GivenLike"][];
        };
        /** @description What an export begins with: the member, their points, and their places. */
        readonly MemberExportHead: {
            /**
             * Format: uuid
             * @description The community, by its id on the platform
             */
            readonly community_id: string;
            /**
             * Format: date-time
             * @description When the export began
             */
            readonly exported_at: string;
            /** @description The boards that they have a place on */
            readonly leaderboards: readonly components["schemas"]["ExportedPlace"][];
            /**
             * Format: int32
             * @description The level they have reached, 1 to 9: a level once reached stays
             */
            readonly level: number;
            /** @description The name of that level in the community, 1 to 30 characters */
            readonly level_name: string;
            readonly membership: components["schemas"]["ExportedMembership"] | null;
            /**
             * Format: int32
             * @description The sum of their ledger, 0 or more
             */
            readonly total_points: number;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /**
         * @description A member's points and level.
         * @example {
         *       "is_max_level": false,
         *       "level": 3,
         *       "level_name": "Builder",
         *       "level_threshold": 30,
         *       "next_level_threshold": 60,
         *       "points_to_next_level": 15,
         *       "total_points": 45,
         *       "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *     }
         */
        readonly MemberLevel: {
            /** @description Whether the level is the highest, 9 */
            readonly is_max_level: boolean;
            /**
             * Format: int32
             * @description The level they have reached, 1 to 9: a level once reached stays
             */
            readonly level: number;
            /** @description The name of that level in the community, 1 to 30 characters */
            readonly level_name: string;
            /**
             * Format: int32
             * @description The points that reach the level: a number on one's own record and for services, else `null`
             */
            readonly level_threshold: number | null;
            /**
             * Format: int32
             * @description The points that reach the next level: a number on one's own record and for services, below level 9; else `null`
             */
            readonly next_level_threshold: number | null;
            /**
             * Format: int32
             * @description How many of them are still to be earned, where they are shown
             */
            readonly points_to_next_level: number | null;
            /**
             * Format: int32
             * @description The sum of their ledger, 0 or more
             */
            readonly total_points: number;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /** @description Part of the list of members, by name. */
        readonly Members: {
            /** @description The members, by name */
            readonly members: readonly components["schemas"]["Member"][];
            /** @description What `cursor` must be for the next part; `null` at the end */
            readonly next_cursor: string | null;
        };
        /** @description The caller in a community. */
        readonly OwnMembership: {
            /** @description The address of their picture; `null` where the platform told none */
            readonly avatar_url: string | null;
            /** @description The name that the platform told of them; `Member` where it told none */
            readonly display_name: string;
            /** @enum {string} */
            readonly role: "MEMBER" | "MODERATOR" | "ADMIN";
            /**
             * Format: uuid
             * @description The caller, by their id on the platform
             */
            readonly user_id: string;
        };
        /** @description A part of a member's history, newest entry first. */
        readonly PointHistory: {
            /** @description The entries; where one source was asked for, maybe fewer than `limit` although others follow */
            readonly entries: readonly components["schemas"]["PointHistoryEntry"][];
            /** @description Where the next part begins; `null` at the end, and only there */
            readonly next_cursor: string | null;
        };
        /**
         * @description An entry of the ledger.
         * @example {
         *       "actor_id": "0192f0c1-5c1e-7f4e-8f4b-000000000003",
         *       "capped": false,
         *       "id": "01a2034c-db3b-72e4-9b68-62b28dedf984",
         *       "occurred_at": "2026-11-22T10:00:00Z",
         *       "points": 1,
         *       "reason": null,
         *       "recorded_at": "2026-11-22T10:00:00.125Z",
         *       "source": "post_liked",
         *       "source_id": "0192f0c1-5c1e-7f4e-8f4b-000000000b0b",
         *       "total_after": 45
         *     }
         */
        readonly PointHistoryEntry: {
            /**
             * Format: uuid
             * @description The author, the liker, the member who completed the lesson, or who adjusted the points; `null` for a service that
             *     names no user
             */
            readonly actor_id: string | null;
            /** @description Whether a cap of the community's rules left less of it than it is worth */
            readonly capped: boolean;
            /**
             * Format: uuid
             * @description The id of the entry, by which histories are ordered
             */
            readonly id: string;
            /**
             * Format: date-time
             * @description When it happened, by the event that told it; never after `recorded_at`
             */
            readonly occurred_at: string;
            /**
             * Format: int32
             * @description By how much the total changed; below 0 for what was taken back
             */
            readonly points: number;
            /** @description Why, where a person changed the points; else `null` */
            readonly reason: string | null;
            /**
             * Format: date-time
             * @description When it was recorded, by the clock of the server
             */
            readonly recorded_at: string;
            /**
             * @description What the points are for
             * @enum {string}
             */
            readonly source: "post_created" | "comment_created" | "post_liked" | "comment_liked" | "lesson_completed" | "manual_adjustment";
            /**
             * Format: uuid
             * @description The post, comment, lesson or adjustment
             */
            readonly source_id: string;
            /**
             * Format: int32
             * @description The member's total after it, whatever else the answer shows
             */
            readonly total_after: number;
        };
        /**
         * @description Points to add or take away, and why.
         * @example {
         *       "points": 10,
         *       "reason": "Organised the meetup"
         *     }
         */
        readonly PointsAdjustment: {
            /**
             * Format: int32
             * @description Below 0 takes points away, as far as there are any; not 0
             */
            readonly points: number;
            /** @description Plain text; tags and entities are cleaned away */
            readonly reason: string;
        };
        /**
         * @description A level as it would be, and the present members at it now and then.
         * @example {
         *       "level": 2,
         *       "members_now": 120,
         *       "members_then": 80,
         *       "name": "Practitioner",
         *       "threshold": 10
         *     }
         */
        readonly PreviewedLevel: {
            /**
             * Format: int32
             * @description The number of the level, 1 to 9
             */
            readonly level: number;
            /**
             * Format: int32
             * @description The present members who have the level now
             */
            readonly members_now: number;
            /**
             * Format: int32
             * @description The present members who would have it after the change
             */
            readonly members_then: number;
            /** @description Its name, after the change */
            readonly name: string;
            /**
             * Format: int32
             * @description The points that reach it, after the change
             */
            readonly threshold: number;
        };
        /**
         * @description A member who would reach a higher level.
         * @example {
         *       "display_name": "Ada",
         *       "level_now": 2,
         *       "level_then": 3,
         *       "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
         *     }
         */
        readonly PreviewedLevelUp: {
            /** @description The name that the platform told of them; `null` where it told none */
            readonly display_name: string | null;
            /**
             * Format: int32
             * @description Their level now, 1 to 9
             */
            readonly level_now: number;
            /**
             * Format: int32
             * @description The level that they would reach, 1 to 9
             */
            readonly level_then: number;
            /**
             * Format: uuid
             * @description The member, by their id on the platform
             */
            readonly user_id: string;
        };
        /**
         * @description A rule as it would be, and what it would have done. Other points than now make no difference to it.
         * @example {
         *       "daily_cap": 20,
         *       "earned": 4120,
         *       "members_over_cap": 12,
         *       "over_cap": 310,
         *       "per_pair_daily_cap": 3,
         *       "points": 1,
         *       "source": "post_liked"
         *     }
         */
        readonly PreviewedRule: {
            /**
             * Format: int32
             * @description The most a member can earn from it on a day; `null` for no limit
             */
            readonly daily_cap: number | null;
            /**
             * Format: int32
             * @description Of likes: the most a member can earn on a day from one liker; `null` for no limit
             */
            readonly per_pair_daily_cap: number | null;
            /**
             * Format: int32
             * @description The points of one award
             */
            readonly points: number;
            /**
             * @description What is worth that
             * @enum {string}
             */
            readonly source: "post_created" | "comment_created" | "post_liked" | "comment_liked" | "lesson_completed";
        } & {
            /**
             * Format: int64
             * @description The points that were earned by it
             */
            readonly earned: number;
            /**
             * Format: int64
             * @description How many members earned some that are
             */
            readonly members_over_cap: number;
            /**
             * Format: int64
             * @description How many of them are beyond the caps
             */
            readonly over_cap: number;
        };
        /** @description What went wrong (RFC 9457). */
        readonly Problem: components["schemas"]["ProblemExtension"] & {
            /**
             * @description Stable: for programs to look at
             * @enum {string}
             */
            readonly code: "BAD_REQUEST" | "UNAUTHENTICATED" | "FORBIDDEN" | "INSUFFICIENT_LEVEL" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "RECALCULATING" | "PRECONDITION_FAILED" | "REQUEST_TIMEOUT" | "PAYLOAD_TOO_LARGE" | "URI_TOO_LONG" | "HEADERS_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION_ERROR" | "INTERNAL" | "UNAVAILABLE";
            /** @description What went wrong here, in English, for people; the first of `errors` where there are several */
            readonly detail: string;
            /** @description Every mistake in the body, with its place */
            readonly errors?: readonly components["schemas"]["FieldError"][];
            /** @description The id of the request in the log of the server */
            readonly request_id?: string | null;
            /**
             * Format: int32
             * @description The HTTP status of the answer
             */
            readonly status: number;
            /** @description What the code means, in English, the same for each of its problems */
            readonly title: string;
            /** @description `urn:gamification:problem:` and the code in lower case, with hyphens */
            readonly type: string;
        };
        /** @description What a problem says to programs beyond its code. */
        readonly ProblemExtension: {
            /**
             * Format: int32
             * @description The level that the member has reached: of `INSUFFICIENT_LEVEL` only
             */
            readonly current_level?: number | null;
            readonly reason?: components["schemas"]["ForbiddenReason"] | null;
            /**
             * Format: int32
             * @description The level that is asked for: of `INSUFFICIENT_LEVEL` only
             */
            readonly required_level?: number | null;
            /** @description The name of that level in the community: of `INSUFFICIENT_LEVEL` only */
            readonly required_level_name?: string | null;
        };
        /**
         * @description How many members were looked at, of how many.
         * @example {
         *       "done": 312000,
         *       "of": 1000000
         *     }
         */
        readonly Recalculation: {
            /**
             * Format: int64
             * @description The members that were looked at
             */
            readonly done: number;
            /**
             * Format: int64
             * @description The members that there were when it began
             */
            readonly of: number;
        };
        /**
         * @description What a source is worth, and how much of it counts on a day (of UTC, by when it happened).
         * @example {
         *       "daily_cap": 20,
         *       "per_pair_daily_cap": 3,
         *       "points": 1,
         *       "source": "post_liked"
         *     }
         */
        readonly Rule: {
            /**
             * Format: int32
             * @description The most a member can earn from it on a day; `null` for no limit
             */
            readonly daily_cap: number | null;
            /**
             * Format: int32
             * @description Of likes: the most a member can earn on a day from one liker; `null` for no limit
             */
            readonly per_pair_daily_cap: number | null;
            /**
             * Format: int32
             * @description The points of one award
             */
            readonly points: number;
            /**
             * @description What is worth that
             * @enum {string}
             */
            readonly source: "post_created" | "comment_created" | "post_liked" | "comment_liked" | "lesson_completed";
        };
        /** @description The rules of a community. */
        readonly Rules: {
            /** @description Whether admins are left out of leaderboards */
            readonly exclude_admins: boolean;
            /** @description A rule for each source */
            readonly rules: readonly components["schemas"]["Rule"][];
            /**
             * Format: int32
             * @description How often they were changed, counted from 1
             */
            readonly version: number;
        };
        /** @description Versions of the rules, newest first. */
        readonly RulesHistory: {
            /** @description Where the next part begins; `null` at the end */
            readonly next_cursor: string | null;
            /** @description The versions, newest first */
            readonly versions: readonly components["schemas"]["RulesVersion"][];
        };
        /** @description What the caps of rules would have taken of what was earned in the last days. */
        readonly RulesPreview: {
            /**
             * Format: int64
             * @description How many days were looked at: 30
             */
            readonly days: number;
            /**
             * Format: int64
             * @description How many members were looked at, those who earned the most: at most 20,000
             */
            readonly members: number;
            /** @description A rule for each source */
            readonly rules: readonly components["schemas"]["PreviewedRule"][];
        };
        /** @description The rules as they shall be. */
        readonly RulesUpdate: {
            /** @description Whether admins are left out of leaderboards; as it is, when it is missing */
            readonly exclude_admins?: boolean;
            /** @description Those of all sources, in any order */
            readonly rules: readonly {
                /**
                 * Format: int32
                 * @description The most a member can earn from it on a day; no limit when it is `null` or missing
                 */
                readonly daily_cap?: number | null;
                /**
                 * Format: int32
                 * @description Of likes: the most a member can earn on a day from one liker; no limit when it is `null` or missing
                 */
                readonly per_pair_daily_cap?: number | null;
                /**
                 * Format: int32
                 * @description The points of one award
                 */
                readonly points: number;
                /**
                 * @description What is worth that
                 * @enum {string}
                 */
                readonly source: "post_created" | "comment_created" | "post_liked" | "comment_liked" | "lesson_completed";
            }[];
        };
        /** @description A version of the rules. */
        readonly RulesVersion: {
            /**
             * Format: date-time
             * @description When it came into force
             */
            readonly changed_at: string;
            /**
             * Format: uuid
             * @description The admin who made it; `null` for the defaults
             */
            readonly changed_by: string | null;
            /** @description Whether admins are left out of leaderboards */
            readonly exclude_admins: boolean;
            /** @description A rule for each source */
            readonly rules: readonly components["schemas"]["Rule"][];
            /**
             * Format: int32
             * @description The number of the version, from 1
             */
            readonly version: number;
        };
        /** @enum {string} */
        readonly Status: "applied" | "duplicate" | "stale" | "ignored" | "rejected";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly community: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The community */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Community"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly course_accesses: {
        readonly parameters: {
            readonly query?: {
                /** @description Narrows to these courses, with commas between them */
                readonly course_ids?: readonly string[];
                /** @description The member whose access it is: for services. A user may name themselves only */
                readonly user_id?: string;
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The decisions, by course id */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CourseAccesses"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly course_access: {
        readonly parameters: {
            readonly query?: {
                /** @description Answer 403 instead of `has_access: false` */
                readonly enforce?: boolean;
                /** @description The member whose access it is: for services. A user may name themselves only */
                readonly user_id?: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The course, by its id on the platform */
                readonly course_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The decision */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CourseAccess"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed; Level too low */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly course_level_requirement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The course, by its id on the platform */
                readonly course_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The requirement */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CourseLevelRequirement"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly set_course_level_requirement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The course, by its id on the platform */
                readonly course_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CourseLevelRequirementUpdate"];
            };
        };
        readonly responses: {
            /** @description The requirement as it is now */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CourseLevelRequirement"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly leaderboards: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The boards */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Leaderboards"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly leaderboard_widget: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The best five */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LeaderboardWidget"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly leaderboard: {
        readonly parameters: {
            readonly query?: {
                /** @description How many members a page has; 20 unless said */
                readonly limit?: number;
                /** @description The `next_cursor` of the page before */
                readonly cursor?: string;
                /** @description A member on the board, to see their surroundings instead of a page */
                readonly around?: string;
                /** @description How many members on either side of `around`; 5 unless said */
                readonly radius?: number;
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                readonly leaderboard: "seven_day" | "thirty_day" | "all_time";
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Part of the board */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Leaderboard"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly levels: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The levels */
            readonly 200: {
                headers: {
                    /** @description Serves `If-Match` and `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Levels"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly update_levels: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag of the levels that the change is based on */
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LevelsUpdate"];
            };
        };
        readonly responses: {
            /** @description The levels as they are now */
            readonly 200: {
                headers: {
                    /** @description Serves `If-Match` and `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Levels"];
                };
            };
            /** @description The levels as they are now; members are still being leveled up */
            readonly 202: {
                headers: {
                    /** @description Serves `If-Match` and `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Levels"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Still recalculating */
            readonly 409: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition failed */
            readonly 412: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly levels_history: {
        readonly parameters: {
            readonly query?: {
                /** @description How many versions the answer has at most */
                readonly limit?: number;
                /** @description The `next_cursor` of the answer before; without it, the newest versions */
                readonly cursor?: string;
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Versions, newest first */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LevelsHistory"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly preview_levels: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LevelsUpdate"];
            };
        };
        readonly responses: {
            /** @description What they would do */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LevelsPreview"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly members: {
        readonly parameters: {
            readonly query?: {
                /** @description How their names begin */
                readonly query?: string;
                /** @description How many members the answer has at most; 20 unless said */
                readonly limit?: number;
                /** @description The `next_cursor` of the part before */
                readonly cursor?: string;
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Members, by name */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Members"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly badges: {
        readonly parameters: {
            readonly query: {
                /** @description Users, with commas between them */
                readonly user_ids: readonly string[];
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Badges, in the order asked */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Badges"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly export_member: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The user, by their id on the platform */
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The document */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MemberExport"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly member_level: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The user, by their id on the platform */
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Points and level */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MemberLevel"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly point_history: {
        readonly parameters: {
            readonly query?: {
                /** @description How many entries the answer has at most */
                readonly limit?: number;
                /** @description The `next_cursor` of the answer before; without it, the newest entries */
                readonly cursor?: string;
                readonly source?: "post_created" | "comment_created" | "post_liked" | "comment_liked" | "lesson_completed" | "manual_adjustment";
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The user, by their id on the platform */
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Entries, newest first */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PointHistory"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly adjust_points: {
        readonly parameters: {
            readonly query?: never;
            readonly header: {
                /** @description What tells this adjustment from others of the member */
                readonly "Idempotency-Key": string;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
                /** @description The user, by their id on the platform */
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["PointsAdjustment"];
            };
        };
        readonly responses: {
            /** @description The entry that the same request made before */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PointHistoryEntry"];
                };
            };
            /** @description The entry that it made */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PointHistoryEntry"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly rules: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The rules */
            readonly 200: {
                headers: {
                    /** @description Serves `If-Match` and `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rules"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly update_rules: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag of the rules that the change is based on */
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RulesUpdate"];
            };
        };
        readonly responses: {
            /** @description The rules as they are now */
            readonly 200: {
                headers: {
                    /** @description Serves `If-Match` and `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rules"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Precondition failed */
            readonly 412: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly rules_history: {
        readonly parameters: {
            readonly query?: {
                /** @description How many versions the answer has at most */
                readonly limit?: number;
                /** @description The `next_cursor` of the answer before; without it, the newest versions */
                readonly cursor?: string;
            };
            readonly header?: {
                /** @description The `ETag` of an earlier answer: 304 says that it still counts */
                readonly "If-None-Match"?: string | null;
            };
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Versions, newest first */
            readonly 200: {
                headers: {
                    /** @description Serves `If-None-Match` */
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RulesHistory"];
                };
            };
            /** @description The answer whose `ETag` was named still counts */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly preview_rules: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RulesUpdate"];
            };
        };
        readonly responses: {
            /** @description What they would have done */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RulesPreview"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly stream: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The community, by its id on the platform */
                readonly community_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Messages, without an end */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly record_events: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/cloudevents+json": components["schemas"]["CloudEvent"];
                readonly "application/cloudevents-batch+json": readonly unknown[];
            };
        };
        readonly responses: {
            /** @description No event was rejected */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EventResults"];
                };
            };
            /** @description Some events of a batch were rejected; the others count */
            readonly 207: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EventResults"];
                };
            };
            /** @description Bad request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "WWW-Authenticate"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not allowed */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request timed out */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Payload too large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Address too long */
            readonly 414: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation failed */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Headers too large */
            readonly 431: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly docs: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The page is at `/docs/` */
            readonly 308: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly live: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Yes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    readonly metrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description All metrics */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
        };
    };
    readonly openapi: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OpenAPI 3.1 */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
        };
    };
    readonly ready: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Yes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not available now */
            readonly 503: {
                headers: {
                    readonly "Retry-After"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
