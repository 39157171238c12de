"""What CloudFormation reads from S3: the functions' code, and the template.

A template sent with the call may have 51,200 bytes, and ours has more once SAM has translated it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra.deploy.clients import LOCAL_REGION
from infra.deploy.target import APP_NAME, Target
from infra.errors import DeploymentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The bucket of an account and region, which all stages share.

    Its name can be guessed, so that each call says whose it must be. Every key is the stage and the
    content's hash: the same content has the same address.
    """

    storage: BaseClient
    name: str
    account: str
    stage: str

    @classmethod
    def of(cls, target: Target) -> Self:
        """Return the bucket of a target, made where it is missing.

        Raises DeploymentError when it is another account's.
        """
        storage = target.clients.client("s3")
        account = target.clients.client("sts").get_caller_identity()["Account"]
        name = f"{APP_NAME}-artifacts-{account}-{storage.meta.region_name}"
        bucket = cls(storage=storage, name=name, account=account, stage=target.stage)
        bucket._create_if_missing()
        return bucket

    def upload_archive(self, archive: Path) -> str:
        """Upload the functions' code, and return its address, `s3://bucket/key`."""
        key = self._key(archive.read_bytes(), "zip")
        owner = {"ExpectedBucketOwner": self.account}
        self.storage.upload_file(str(archive), self.name, key, ExtraArgs=owner)
        return f"s3://{self.name}/{key}"

    def upload_template(self, text: str) -> str:
        """Upload a template, and return the URL at which CloudFormation finds it."""
        content = text.encode()
        key = self._key(content, "json")
        self.storage.put_object(
            Bucket=self.name, Key=key, Body=content, ExpectedBucketOwner=self.account
        )
        return f"{self.storage.meta.endpoint_url}/{self.name}/{key}"

    def _key(self, content: bytes, suffix: str) -> str:
        return f"{self.stage}/{hashlib.sha256(content).hexdigest()}.{suffix}"

    def _create_if_missing(self) -> None:
        region = self.storage.meta.region_name
        try:
            self.storage.head_bucket(Bucket=self.name, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                reason = f"the bucket {self.name} cannot be used: {error}"
                raise DeploymentError(reason) from error
            # S3 refuses to be told its default region.
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self.storage.create_bucket(
                Bucket=self.name, **({} if region == LOCAL_REGION else place)
            )
