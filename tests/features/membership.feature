Feature: Who is in which community
  The directory is learned from events: who is in which community with which role, and which courses exist.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: Points are recorded even when the community or the member is not known yet; joining later finds them there.

    Scenario: Points before joining
      Given Eve writes the post "Hello"
      And Bob likes Eve's post "Hello"
      When Eve joins
      Then Eve has 3 points and is at level 1 "Student"

    Scenario: A level before joining
      Given Eve has earned 30 points
      When Eve joins
      Then Eve has 30 points and is at level 3 "Builder"

    Scenario: Somebody who has not joined is not shown
      Given Eve has earned 30 points
      When Bob looks at Eve's level
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: Points in a community that is not known yet
      Given we turn to the community "Bakers"
      And Eve writes the post "Hello"
      When the community "Bakers" is created
      And Eve joins
      Then Eve has 2 points and is at level 1 "Student"

    Scenario: A lesson of a course that is not known yet
      When Ada completes the lesson "Ownership" of the course "Rust"
      Then the verdict is applied
      And Ada has 5 points

  Rule: A member who left keeps points and level and finds them on return.

    Scenario: Left and returned
      Given Ada has earned 30 points
      And Ada leaves
      When Ada joins
      Then Ada has 30 points and is at level 3 "Builder"

    Scenario: Who left is still shown to those who stayed
      Given Ada has earned 30 points
      When Ada leaves
      Then Bob sees Ada at level 3 "Builder" with 30 points

    Scenario: What was liked while its author was away counts
      Given Ada has earned 9 points
      And Ada leaves
      And Bob likes Ada's post "Hello"
      When Ada joins
      Then Ada has 10 points and is at level 2 "Practitioner"

    Scenario: The likes of somebody who left stand
      Given Bob likes Ada's post "Hello"
      When Bob leaves
      Then Ada has 1 point

  Rule: Directory facts follow the newest change too.

    Scenario: A late event of joining doesn't bring anybody back
      Given Bob leaves, at 12:00
      When Bob joins, at 11:59
      Then the verdict is stale
      When Bob tries to read the levels
      Then the answer is 403 FORBIDDEN

    Scenario: A late change of role doesn't undo a newer one
      Given Bob becomes MEMBER, at 12:00
      When Bob becomes ADMIN, at 11:59
      Then the verdict is stale
      When Bob tries to change the levels
      Then the answer is 403 FORBIDDEN

    Scenario: A role that is known before its member
      Given Eve becomes ADMIN, at 12:00
      When Eve joins, at 11:00
      And Eve tries to change the levels
      Then the answer is 200

    Scenario: A course that was deleted is not created again by a late event
      Given the course "Rust" is deleted, at 12:00
      When the course "Rust" is created, at 11:00
      And Ada asks for access to the course "Rust"
      Then the answer is 404 NOT_FOUND "Course not found"

    Scenario: The number of an event says more than its time here too
      Given Bob leaves, at 12:00 as number 7
      When Bob joins, at 11:00 as number 8
      And Bob tries to read the levels
      Then the answer is 200

  Rule: role (`MEMBER`, `MODERATOR`, `ADMIN`; default `MEMBER`)

    Scenario: Who joins without a role is a member
      Given Eve joins
      When Eve tries to change the levels
      Then the answer is 403 FORBIDDEN

    Scenario: Who joins as an admin is one
      Given Eve joins as ADMIN
      When Eve tries to change the levels
      Then the answer is 200

    Scenario: A role that nobody knows
      When the platform reports MemberJoined with "OWNER" as "role"
      Then the answer is 422 VALIDATION_ERROR
