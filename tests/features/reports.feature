Feature: What the platform reports
  The platform sends its events; each one's verdict says what became of it.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: Unknown types are `ignored`, so a platform may send its whole feed.

    Scenario: An event of another kind
      When the platform reports PollOpened about Ada's post "Hello"
      Then the verdict is ignored
      And Ada has 0 points

    Scenario: The names of types are exact
      When the platform reports postcreated about Ada's post "Hello"
      Then the verdict is ignored
      And Ada has 0 points

  Rule: a single rejected event is 422.

    Scenario Outline: <type> needs its <field>
      When the platform reports <type> without "<field>"
      Then the answer is 422 VALIDATION_ERROR "data.<field> is missing"
      And these mistakes are reported
        | place         | message                 |
        | /data/<field> | data.<field> is missing |

      Examples:
        | type              | field        |
        | PostCreated       | community_id |
        | PostCreated       | post_id      |
        | PostCreated       | author_id    |
        | CommentAdded      | comment_id   |
        | CommentAdded      | author_id    |
        | PostLiked         | user_id      |
        | PostUnliked       | post_id      |
        | CommentLiked      | author_id    |
        | CommentUnliked    | comment_id   |
        | LessonCompleted   | lesson_id    |
        | LessonCompleted   | course_id    |
        | CommunityCreated  | community_id |
        | MemberJoined      | user_id      |
        | MemberRoleChanged | role         |
        | MemberLeft        | user_id      |
        | CourseCreated     | course_id    |
        | CourseDeleted     | course_id    |

    Scenario: An id that is none
      When the platform reports PostCreated with "Ada" as "author_id"
      Then the answer is 422 VALIDATION_ERROR "data.author_id must be a UUID"

  Rule: 207 when some of a batch were (the others count)

    Scenario: One bad event among good ones
      Given the platform holds its events back
      And Ada writes the post "Hello"
      When the platform reports PostCreated without "author_id"
      And Bob likes Ada's post "Hello"
      And they arrive in one batch
      Then the answer is 207
      And the verdicts are applied, rejected and applied
      And Ada has 3 points

  Rule: `applied` changed something · `duplicate` was known already · `stale` was overtaken by a newer change · `ignored` unknown type or self-like

    Scenario: A batch with one of each
      Given the platform holds its events back
      And Ada writes the post "Hello"
      And Ada writes the post "Hello"
      And Bob unlikes Ada's post "Hello", at 11:10
      And Bob likes Ada's post "Hello", at 11:00
      And Ada likes Ada's post "Hello"
      When they arrive in one batch
      Then the answer is 200
      And the verdicts are applied, duplicate, applied, stale and ignored
      And Ada has 2 points
