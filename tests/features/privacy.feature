Feature: Users who are forgotten, and what they may take along

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" is created

  Rule: `MemberErased {community_id, user_id}`: profile fields are deleted for good, badges and boards no longer know them

    Scenario: Who is erased is not found any more
      Given Ada has earned 30 points
      When the platform erases Ada
      Then the verdict is applied
      When Grace looks at Ada's level
      Then the answer is 404 NOT_FOUND "Member not found"
      When Grace looks at Ada's history
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: Who is erased is no member
      Given the platform erases Ada
      When Ada tries to read the levels
      Then the answer is 403 FORBIDDEN

    Scenario: Badges leave out who is erased
      Given the platform erases Ada
      When Grace asks for the badges of Ada and Bob
      Then the badges are
        | member | level | level_name |
        | Bob    | 1     | Student    |

    Scenario: An admin who is erased may change nothing
      Given the platform erases Grace
      When Grace tries to change the levels
      Then the answer is 403 FORBIDDEN

    Scenario: Nothing of the erased is found in the database
      Given Ada joins with the picture "https://pictures.example/ada.png"
      And Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Ada likes Bob's post "Welcome"
      And Ada completes the lesson "Ownership" of the course "Rust"
      When the platform erases Ada
      Then nothing of Ada is found in the database

  Rule: the ledger stays as numbers; aggregates stay right

    Scenario: Points that the erased gave to others stay
      Given Ada likes Bob's post "Welcome"
      When the platform erases Ada
      Then Bob has 1 point
      And nothing of Ada is found in the database
      And Bob has 1 point

    Scenario: The distribution counts who is there
      Given Ada has earned 30 points
      When the platform erases Ada
      Then Grace sees 100% of the members at level 1

  Rule: the event is idempotent and later facts about the old id are `ignored`

    Scenario: An erasure counts once
      Given the platform erases Ada
      When the platform erases Ada
      Then the verdict is duplicate

    Scenario: Who was never heard of is remembered as erased
      Given the platform erases Eve
      When Eve joins
      Then the verdict is ignored

    Scenario: What the erased do has no effect
      Given the platform erases Ada
      When Ada writes the post "Back again"
      Then the verdict is ignored
      When Ada likes Bob's post "Welcome"
      Then the verdict is ignored
      And Bob has 0 points

    Scenario: Likes of what the erased wrote have no effect
      Given Ada writes the post "Hello"
      And the platform erases Ada
      When Bob likes Ada's post "Hello"
      Then the verdict is ignored

    Scenario: An import of the past brings nobody back
      Given Ada joins
      And Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And the platform erases Ada
      When everything arrives again under new ids
      And Grace looks at Ada's level
      Then the answer is 404 NOT_FOUND "Member not found"
      And nothing of Ada is found in the database

    Scenario: Another community goes on
      Given the platform erases Ada
      And the community "Bakers" with the admin Grace and the members Ada
      When Ada writes the post "Bread"
      Then Ada has 2 points

    Scenario: An erasure without a user is not understood
      When the platform reports MemberErased without "user_id"
      Then the answer is 422 VALIDATION_ERROR

  Rule: `GET …/members/{user_id}/export` (own, admin, service): everything stored about them, as one JSON document

    Scenario: One's own export
      Given Ada joins with the picture "https://pictures.example/ada.png"
      And Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Ada likes Bob's post "Welcome"
      When Ada exports what is stored about Ada
      Then the export says
        | field        | value   |
        | user_id      | Ada     |
        | total_points | 3       |
        | level        | 1       |
        | level_name   | Student |
      And the export has a membership with the name "Ada" and the picture "https://pictures.example/ada.png"
      And the export has 2 entries and 1 like

    Scenario: An admin and a service export for a member
      When Grace exports what is stored about Ada
      Then the export has 0 entries and 0 likes
      When the classroom's backend exports what is stored about Ada
      Then the export has 0 entries and 0 likes

    Scenario: What others may not export
      When Bob exports what is stored about Ada
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_AN_ADMIN
      When Eve exports what is stored about Ada
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_A_MEMBER

    Scenario: Who left is exported for admins
      Given Ada has earned 30 points
      And Ada leaves
      When Ada exports what is stored about Ada
      Then the answer is 403 FORBIDDEN
      When Grace exports what is stored about Ada
      Then the export has 15 entries and 0 likes

    Scenario: Of the erased there is nothing to export
      Given the platform erases Ada
      When Grace exports what is stored about Ada
      Then the answer is 404 NOT_FOUND "Member not found"
