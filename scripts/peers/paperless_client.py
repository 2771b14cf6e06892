"""What a client of paperless-ngx sees of a running server: URL TOKEN INTAKE_TOKEN FILE."""

import asyncio
import json
import pathlib
import sys

import aiohttp
from pypaperless import Paperless
from pypaperless.exceptions import InitializationError


async def look_up(url, token):
    """Everything that a picker and a reader ask for."""
    seen = {}
    async with Paperless(url, token) as paperless:
        seen["version"] = paperless.host_version
        documents = [one async for one in paperless.documents]
        seen["titles"] = [one.title for one in documents]
        seen["found"] = [one.title async for one in paperless.documents.search("Parkausweis")]
        for name in ("tags", "correspondents", "document_types", "custom_fields"):
            helper = getattr(paperless, name)
            seen[name] = [one.name async for one in helper]
        one = await paperless.documents(documents[0].id)
        assert one.id in await paperless.documents.all()
        assert (await one.get_metadata()).original_size > 0
        assert await one.notes() == []
        seen["created"] = one.created_date.isoformat()
        tag = await paperless.tags(one.tags[0])
        async with paperless.documents.reduce(tags__id__all=str(tag.id)):
            assert [other.id async for other in paperless.documents] == [one.id]
        for name in ("download", "preview", "thumbnail"):
            read = await getattr(one, f"get_{name}")()
            seen[name] = {
                "bytes": len(read.content),
                "type": read.content_type,
                "name": read.disposition_filename,
            }
    return seen


async def put_in(url, token, path):
    """What a scanner does, and that it can do no more."""
    seen = {}
    paperless = Paperless(url, token)
    try:
        await paperless.initialize()
    except InitializationError as error:
        cause = error.__cause__
        assert isinstance(cause, aiohttp.ClientResponseError)
        seen["refused"] = cause.status
    # A token that reads nothing cannot read the index either: the helpers are set up without it.
    for attribute, helper in Paperless._helpers_map:
        setattr(paperless, attribute, helper(paperless))
    content = pathlib.Path(path).read_bytes()
    draft = paperless.documents.draft(document=content, filename=pathlib.Path(path).name, title="Vom Scanner")
    task = await paperless.tasks(await draft.save())
    assert (await paperless.tasks(task.id)).task_id == task.task_id
    seen["task"] = {"status": task.status.value, "file": task.task_file_name}
    await paperless.close()
    return seen


async def main():
    url, token, intake, path = sys.argv[1:]
    print(json.dumps({**await look_up(url, token), **await put_in(url, intake, path)}))


asyncio.run(main())
