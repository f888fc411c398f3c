// What OpenAI's client for Node raises: a line of JSON for each call. Every account spoils one of them.
import OpenAI from "openai";

const client = new OpenAI();
const by = (account) => ({ model: "auto", messages: [{ role: "user", content: "Hello" }], chatgpt_account: account });
const raised = async (work) => {
  const error = await work().then(() => null, (error) => error);
  const told = error && { raised: error.constructor.name, status: error.status, code: error.code, request: error.requestID };
  console.log(JSON.stringify(told && { ...told, request: Boolean(told.request) }));
};

await raised(() => client.chat.completions.create(by("plus-2")));
await raised(() => client.chat.completions.create(by("plus-9")));
await raised(() => client.chat.completions.create(by("plus-10")));
await raised(async () => {
  for await (const _ of await client.chat.completions.create({ ...by("plus-4"), stream: true }));
});
await raised(() => client.embeddings.create({ model: "auto", input: "Hello" }));
