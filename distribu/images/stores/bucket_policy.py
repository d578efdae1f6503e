"""Read and add public access in a bucket policy; understands only the parts we need."""

from fnmatch import fnmatchcase
from typing import Any

# Any JSON, since other people write policies too.
Policy = dict[str, Any]

_READ = "s3:GetObject"


def lets_everyone_read(policy: Policy, bucket: str, prefix: str) -> bool:
    """Return whether a statement lets everyone read the objects under prefix unconditionally.

    Deny statements are ignored.
    """
    # An example key, in the shape of every key there.
    typical_object = f"{_arn(bucket)}/{prefix}01ARZ3NDEKTSV4RRFFQ69G5FAV/image"
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and _names_everyone(statement.get("Principal"))
        and _any_matches(statement.get("Action"), _READ)
        and _any_matches(statement.get("Resource"), typical_object)
        for statement in _listed(policy.get("Statement"))
    )


def publish(policy: Policy, bucket: str, prefix: str) -> Policy:
    """Return policy with an added statement that lets everyone read the objects under prefix."""
    statement = {
        "Sid": "DistribuPublicImages",
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": [_READ],
        "Resource": [f"{_arn(bucket)}/{prefix}*"],
    }
    version = policy.get("Version", "2012-10-17")
    return policy | {
        "Version": version,
        "Statement": [*_listed(policy.get("Statement")), statement],
    }


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _names_everyone(principal: str | Policy | None) -> bool:
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    return "*" in _listed(principal)


def _any_matches(patterns: str | list[str] | None, name: str) -> bool:
    # AWS knows only the wildcards * and ?, so escape fnmatch's brackets.
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in _listed(patterns))


# Any, because the policy is any JSON.
def _listed(value: object) -> list[Any]:
    """Return the value as a list, since the policy language lets a single item stand alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
