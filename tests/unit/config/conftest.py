"""Protobuf's own parser of the same messages, as the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message

DESCRIPTOR = Path(__file__).with_name("descriptor.txtpb")


@pytest.fixture(scope="session")
def protobuf_config() -> type[Message]:
    """The class of `Config` as protobuf makes it."""
    file = text_format.Parse(DESCRIPTOR.read_text(), descriptor_pb2.FileDescriptorProto())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Config"))
