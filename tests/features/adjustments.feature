Feature: Adjustments by people

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And Ada has earned 20 points

  Rule: An admin adds points or takes them away, with a reason and a key.

    Scenario: An admin rewards what the platform can't see
      When Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      Then the answer is 201
      And the adjustment shows
        | field       | value                |
        | points      | 15                   |
        | source      | manual_adjustment    |
        | actor       | Grace                |
        | total_after | 35                   |
        | reason      | Organised the meetup |
      And Ada has 35 points and is at level 3 "Builder"

    Scenario: An admin takes points away
      When Grace adjusts Ada's points by -5 for "Spam", with the key "spam-1"
      Then the answer is 201
      And Ada has 15 points

    Scenario: The level follows the ratchet
      Given Ada has earned 20 points
      When Grace adjusts Ada's points by -35 for "Farming", with the key "farm-1"
      Then Ada has 5 points and is at level 3 "Builder"

    Scenario: A total never goes below 0, and the entry says what was really taken
      When Grace adjusts Ada's points by -100 for "Farming", with the key "farm-1"
      Then the answer is 201
      And the adjustment shows
        | field       | value |
        | points      | -20   |
        | total_after | 0     |
      And Ada has 0 points

    Scenario: Where nothing is left nothing is taken, and that is said
      When Grace adjusts Bob's points by -5 for "Spam", with the key "spam-1"
      Then the answer is 201
      And the adjustment shows
        | field       | value |
        | points      | 0     |
        | total_after | 0     |
      And no PointsDeducted event is told about Bob

    Scenario: The platform is told as ever
      When Grace adjusts Bob's points by 12 for "Thanks", with the key "thanks-1"
      Then these PointsAwarded events are told about Bob
        | points | new_total | source            |
        | 12     | 12        | manual_adjustment |
      And these MemberLeveledUp events are told about Bob
        | old_level | new_level | new_level_name |
        | 1         | 2         | Practitioner   |

    Scenario: A service adjusts in every community
      When the platform's back office adjusts Ada's points by 5 for "Import of old badges", with the key "old-1"
      Then the answer is 201
      And the adjustment shows
        | field  | value  |
        | points | 5      |
        | actor  | nobody |
      And Ada has 25 points

    Scenario: A member who left keeps points, and they can be adjusted
      Given Ada leaves
      When Grace adjusts Ada's points by -20 for "Farming", with the key "farm-1"
      Then the answer is 201

    Scenario: Boards follow
      When Grace adjusts Bob's points by 30 for "Thanks", with the key "thanks-1"
      And Ada opens the leaderboards
      Then Bob has 30 points on the seven_day board

  Rule: The same key again answers the same entry; with another body it is refused.

    Scenario: The same request again
      Given Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      When Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      Then the answer's status is 200
      And it is the same entry as before
      And Ada has 35 points

    Scenario: The same request again after others
      Given Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      And Ada has earned 7 points
      When Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      Then it is the same entry as before

    Scenario: The same request again where nothing was left to take
      Given Grace adjusts Bob's points by -5 for "Spam", with the key "spam-1"
      And Bob has earned 10 points
      When Grace adjusts Bob's points by -5 for "Spam", with the key "spam-1"
      Then the answer's status is 200
      And Bob has 10 points

    Scenario Outline: The key of another adjustment: <what> differs
      Given Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      When Grace adjusts Ada's points by <points> for "<reason>", with the key "meetup-1"
      Then the answer is 422 VALIDATION_ERROR
      And the codes of the mistakes are
        | place | code       |
        |       | KEY_REUSED |
      And Ada has 35 points

      Examples:
        | what       | points | reason               |
        | the number | 16     | Organised the meetup |
        | the sign   | -15    | Organised the meetup |
        | the reason | 15     | Another              |

    Scenario: A key belongs to a member
      Given Grace adjusts Ada's points by 15 for "Meetup", with the key "meetup-1"
      When Grace adjusts Bob's points by 15 for "Meetup", with the key "meetup-1"
      Then the answer is 201
      And Bob has 15 points

    Scenario: Another key is another adjustment
      Given Grace adjusts Ada's points by 15 for "Meetup", with the key "meetup-1"
      When Grace adjusts Ada's points by 15 for "Meetup", with the key "meetup-2"
      Then the answer is 201
      And Ada has 50 points

  Rule: Points are a whole number that is not 0, a reason is 1 to 200 characters of plain text, a key is required.

    Scenario Outline: <what>
      When Grace sends the adjustment <body>
      Then the answer is 422 VALIDATION_ERROR
      And the codes of the mistakes are
        | place   | code   |
        | <place> | <code> |

      Examples:
        | what                     | body                                        | place   | code          |
        | No points                | {"reason":"x"}                              | /points | REQUIRED      |
        | Points of 0              | {"points":0,"reason":"x"}                   | /points | INVALID       |
        | Half a point             | {"points":0.5,"reason":"x"}                 | /points | INVALID       |
        | More than a total holds  | {"points":2147483648,"reason":"x"}          | /points | INVALID       |
        | Points as text           | {"points":"5","reason":"x"}                 | /points | INVALID       |
        | No reason                | {"points":5}                                | /reason | REQUIRED      |
        | A reason of nothing      | {"points":5,"reason":" <i></i> "}           | /reason | REQUIRED      |
        | A reason that is no text | {"points":5,"reason":7}                     | /reason | INVALID       |
        | A field too many         | {"points":5,"reason":"x","user_id":"y"}     | /user_id | UNKNOWN_FIELD |

    Scenario: All mistakes at once
      When Grace sends the adjustment {"points":0,"reson":"x"}
      Then the codes of the mistakes are
        | place   | code          |
        | /reason | REQUIRED      |
        | /reson  | UNKNOWN_FIELD |

    Scenario: Markup is cleaned away
      When Grace adjusts Ada's points by 5 for "<b>R&amp;D</b> day", with the key "rd-1"
      Then the adjustment shows
        | field  | value   |
        | reason | R&D day |

    Scenario: Two hundred characters are a reason
      When Grace adjusts Ada's points by 5 for a reason of 200 letters
      Then the answer is 201
      And the reason that is shown has 200 letters

    Scenario: Two hundred and one are too many
      When Grace adjusts Ada's points by 5 for a reason of 201 letters
      Then the answer is 422 VALIDATION_ERROR
      And the codes of the mistakes are
        | place   | code     |
        | /reason | TOO_LONG |
      And Ada has 20 points

    Scenario: Without a key
      When Grace adjusts Ada's points by 5 for "Thanks", without a key
      Then the answer is 400 BAD_REQUEST "Idempotency-Key is missing"
      And Ada has 20 points

    Scenario Outline: A key of <length> characters is none
      When Grace adjusts Ada's points by 5, with a key of <length> letters
      Then the answer is 400 BAD_REQUEST "Idempotency-Key must be 1 to 255 characters of ASCII"
      And Ada has 20 points

      Examples:
        | length |
        | 0      |
        | 256    |

    Scenario: A key of 255 characters is one
      When Grace adjusts Ada's points by 5, with a key of 255 letters
      Then the answer is 201
      When Grace adjusts Ada's points by 5, with a key of 255 letters
      Then the answer's status is 200
      And Ada has 25 points

    Scenario: A total that would be too large
      Given Grace adjusts Bob's points by 2147483647 for "All", with the key "all-1"
      When Grace adjusts Bob's points by 1 for "More", with the key "more-1"
      Then the answer is 422 VALIDATION_ERROR
      And the codes of the mistakes are
        | place   | code            |
        | /points | TOTAL_TOO_LARGE |

  Rule: Only admins of the community, and services with the scope `gamification:adjust`, adjust points.

    Scenario Outline: <who> may not
      When <who> adjusts Ada's points by 5 for "Thanks", with the key "thanks-1"
      Then the answer is 403 FORBIDDEN
      And the reason is <reason>
      And Ada has 20 points

      Examples:
        | who | reason       |
        | Bob | NOT_AN_ADMIN |
        | Zoe | NOT_A_MEMBER |

    Scenario: A moderator may not
      Given Bob becomes MODERATOR
      When Bob adjusts Ada's points by 5 for "Thanks", with the key "thanks-1"
      Then the answer is 403 FORBIDDEN

    Scenario: Who may not is told so before what they sent is looked at
      When Bob sends the adjustment {"points":"junk"}
      Then the answer is 403 FORBIDDEN

    Scenario: A token for reading adjusts nothing
      When the classroom's backend adjusts Ada's points by 5 for "Thanks", with the key "thanks-1"
      Then the answer is 401 UNAUTHENTICATED

    Scenario: A user whom the community never had
      When Grace adjusts Zoe's points by 5 for "Thanks", with the key "thanks-1"
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: A community that nobody has heard of
      Given we turn to the community "Nowhere"
      When the platform's back office adjusts Ada's points by 5 for "Thanks", with the key "thanks-1"
      Then the answer is 404 NOT_FOUND "Community not found"

  Rule: As an event, `PointsAdjusted` carries old adjustments.

    Scenario: An old adjustment comes with a history
      When the platform reports an adjustment "a1" of Ada's points by 15 for "Meetup" by Grace
      Then the verdict is applied
      And Ada has 35 points

    Scenario: It counts once, whatever event tells it
      When the platform reports an adjustment "a1" of Ada's points by 15 for "Meetup" by Grace
      And that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 35 points

    Scenario: Points are taken as far as there are any
      When the platform reports an adjustment "a1" of Ada's points by -25 for "Farming" by Grace
      Then Ada has 0 points
      When the platform reports an adjustment "a2" of Ada's points by -25 for "Farming" by Grace
      Then the verdict is applied
      When that arrives again
      Then the verdict is duplicate

    Scenario Outline: An event that says <what> is rejected
      When the platform reports an adjustment "a1" of Ada's points by <points> for "<reason>" by Grace
      Then the answer is 422 VALIDATION_ERROR

      Examples:
        | what           | points     | reason |
        | 0 points       | 0          | x      |
        | too many       | 2147483648 | x      |
        | a hidden text  | 5          | <i></i> |

  Rule: Taking a like back takes what is left of it.

    Scenario: An adjustment has taken the like's point
      Given Bob writes the post "Hello"
      And Ada likes Bob's post "Hello"
      And Grace adjusts Bob's points by -3 for "Spam", with the key "spam-1"
      When Ada unlikes Bob's post "Hello"
      Then Bob has 0 points
