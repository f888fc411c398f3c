// The vendor's client for Node against a server that answers late: what each call came to, one JSON line each.
// It is imported by its file, because this script lies beside no node_modules.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { module, baseURL, apiKey, calls } = JSON.parse(readFileSync(0, "utf8"));
const { default: OpenAI } = await import(pathToFileURL(module).href);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 2 });

for (const { kind, body, options } of calls) {
  const create = kind === "image" ? client.images.generate.bind(client.images) : client.chat.completions.create.bind(client.chat.completions);
  try {
    const answer = await create(body, options);
    console.log(JSON.stringify({ ok: true, text: answer.data?.[0].url ?? answer.choices[0].message.content }));
  } catch (error) {
    console.log(JSON.stringify({ ok: false, status: error.status ?? null, code: error.code ?? null }));
  }
}
