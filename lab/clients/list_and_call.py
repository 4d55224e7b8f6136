"""A real MCP client that lists the tools of a server and calls one: the Python package `mcp`, as others use it.

It is given one JSON object: `command`, `args` and `env` of a server to start, or `url` and `key` of one that listens; and
`tool` with its `arguments`. It prints one JSON object: the revision that was agreed on, the names of the tools, and the
answer's text.
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

SECONDS = 60


async def ask(client, plan):
    listed = await client.list_tools()
    result = await client.call_tool(plan["tool"], plan["arguments"])
    return {
        "protocol": client.protocol_version,
        "tools": [tool.name for tool in listed.tools],
        "is_error": bool(result.is_error),
        "text": "\n".join(block.text for block in result.content if block.type == "text"),
        "structured": result.structured_content,
    }


async def main(plan):
    if "command" in plan:
        server = StdioServerParameters(command=plan["command"], args=plan["args"], env=plan["env"])
        async with Client(server) as client:
            return await ask(client, plan)
    web = create_mcp_http_client(headers={"Authorization": f"Bearer {plan['key']}"})
    async with web, Client(streamable_http_client(plan["url"], http_client=web)) as client:
        return await ask(client, plan)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), SECONDS))))
