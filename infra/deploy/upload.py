"""The functions' code in S3."""

import hashlib
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra.deploy.clients import LOCAL_REGION
from infra.deploy.target import APP_NAME, Target


def upload_archive(target: Target, archive: Path) -> str:
    """Upload the code and return its address, `s3://bucket/key`.

    The key is the stage and the content's hash: the same content has the same address. The bucket,
    one for each account and region, is created when it is missing.
    """
    storage = target.clients.client("s3")
    account = target.clients.client("sts").get_caller_identity()["Account"]
    bucket = f"{APP_NAME}-artifacts-{account}-{storage.meta.region_name}"
    _create_if_missing(storage, bucket)
    key = f"{target.stage}/{hashlib.sha256(archive.read_bytes()).hexdigest()}.zip"
    storage.upload_file(str(archive), bucket, key)
    return f"s3://{bucket}/{key}"


def _create_if_missing(storage: BaseClient, bucket: str) -> None:
    region = storage.meta.region_name
    try:
        storage.head_bucket(Bucket=bucket)
    except ClientError:
        # S3 refuses to be told its default region.
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        storage.create_bucket(Bucket=bucket, **({} if region == LOCAL_REGION else place))
