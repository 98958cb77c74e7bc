Feature: A community and its members

  Background:
    Given the community "Makers" with the admin Grace and the members Ada, Bob and Eve

  Rule: A member sees the community, and themselves in it.

    Scenario: The community
      When Ada looks at the community
      Then the community shows
        | field   | value  |
        | name    | Makers |
        | members | 4      |
      And Ada sees herself as a MEMBER called "Ada"

    Scenario: An admin is told so
      When Grace looks at the community
      Then Grace sees herself as an ADMIN called "Grace"

    Scenario: Who leaves is not counted
      Given Bob leaves
      When Ada looks at the community
      Then the community shows
        | field   | value |
        | members | 3     |

    Scenario: A service is nobody in it
      When the classroom's backend looks at the community
      Then the community shows
        | field   | value  |
        | name    | Makers |
        | members | 4      |
        | me      | null   |

    Scenario: A stranger sees nothing
      When Zoe looks at the community
      Then the answer is 403 FORBIDDEN "Only members of the community may do this"

  Rule: The list of members goes by name, whatever the case, and page by page.

    Scenario: Everybody who is present
      Given Bob leaves
      When Ada lists the members
      Then the members listed are Ada, Eve and Grace

    Scenario: Names of any case
      Given the members are called
        | member | name  |
        | Ada    | zoë   |
        | Bob    | ÉMILE |
        | Eve    | bruno |
        | Grace  | Anna  |
      When Ada lists the members
      Then the members listed are Grace, Eve, Ada and Bob

    Scenario: Some by the beginning of their names
      Given the members are called
        | member | name         |
        | Ada    | Ada Okafor   |
        | Bob    | adalbert     |
        | Eve    | Madame       |
        | Grace  | ÄDA          |
      When Bob lists the members whose names begin with "ADA"
      Then the members listed are Ada and Bob

    Scenario: A name that means something to databases is a name
      When Ada lists the members whose names begin with "%"
      Then nobody is listed

    Scenario: Page by page
      Given 12 more members, who earned a point each 1 day ago
      When Ada lists the members by 5
      Then 16 members are listed, each once

    Scenario: Level and points are beside the name
      Given Ada earned 12 points 1 day ago
      When Bob lists the members whose names begin with "ada"
      Then Ada is listed as a MEMBER at level 2 with 12 points

    Scenario: Who is hidden from leaderboards is a member all the same
      Given Ada's profile says that she is not listed
      When Bob lists the members
      Then the members listed are Ada, Bob, Eve and Grace

    Scenario: A service lists them too
      When the classroom's backend lists the members
      Then the members listed are Ada, Bob, Eve and Grace

    Scenario: A stranger lists nobody
      When Zoe lists the members
      Then the answer is 403 FORBIDDEN "Only members of the community may do this"

    Scenario Outline: A request that means nothing: <query>
      When Ada asks for the list of members "<query>"
      Then the answer is 400 BAD_REQUEST "<detail>"

      Examples:
        | query             | detail                                                |
        | limit=0           | limit must be a number from 1 to 100                  |
        | limit=101         | limit must be a number from 1 to 100                  |
        | cursor=AAAA       | cursor must be one that an earlier answer gave        |
        | query=%00         | query must be at most 100 characters without NUL      |
        | name=ada          | The parameter "name" is not known here                |
