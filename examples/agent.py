"""A task for a model, and what it says while it does it.

python examples/agent.py                                                  with a key in ANTHROPIC_API_KEY
python examples/agent.py scripted:examples/shopping-list.turns.yaml       without one
"""

import asyncio
import sys

import harness
from harness.agent import Finished, Limits, Task, start_task
from harness.events import Called, Said

TASK = "Open the editor, write a shopping list, save it as list.txt"


async def main(model: str) -> None:
    task = Task(TASK, model=model, limits=Limits(steps=30, cost=0.50))
    async with harness.sandbox() as desktop, start_task(task, desktop) as run:
        async for event in run.events():
            match event:
                case Said(text=text, thinking=False):
                    print(text)
                case Called(told=action):
                    print("   ", action)
        outcome = await run.outcome()
        if not isinstance(outcome, Finished):
            sys.exit(f"not done: {outcome}")
        await desktop.get("list.txt", "list.txt")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "claude-sonnet-5-5"))
