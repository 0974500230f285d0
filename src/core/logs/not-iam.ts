/**
 * What stands in logs of things that go well: an agent that forgets deleted pods, a chain that goes on, providers that
 * are not set up.
 */
export const harmless =
  /Removing credentials from cache|provider in chain did not provide credentials|Unable to load credentials from [\w.$@]{1,200}(?:\([^()]{0,200}\))?: |unable to resolve identity from [\w.$@]{1,200}: /;

/** Systems that deny in words of their own, some of them AWS's. */
export const foreign =
  /system:(?:serviceaccount|node|anonymous|masters)[^\n]{0,200}cannot |is forbidden: User|TopicAuthorizationException|GroupAuthorizationException|ClusterAuthorizationException|AccessControlException|org\.mongodb|Mongo(?:Server)?Error|MongoCommandException|permission denied on resource|ACCESS_REFUSED|Access denied for user '|AuthorizationFailed|AADSTS|googleapis|storage\.cloud\.google|PERMISSION_DENIED|blob\.core\.windows|springframework\.security|java\.nio\.file\.AccessDeniedException: (?!s3)|AccessDeniedException\[\/|Symfony\\|Illuminate\\Auth|\/AccessDenied\b/i;

/** Other clouds have a metadata service at the same address. */
export const foreignMetadata =
  /ManagedIdentity|azure|metadata\.google|computeMetadata|metadata\/identity|openstack|hetzner|digitalocean/i;
