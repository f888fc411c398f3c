// The vendor's client for Node changing pictures and watching one being made: what each call came to, a line of JSON each.
// It is imported by its file, because this script lies beside no node_modules.
import { createReadStream, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { module, baseURL, apiKey, prompt, images, mask } = JSON.parse(readFileSync(0, "utf8"));
const { default: OpenAI, toFile } = await import(pathToFileURL(module).href);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const say = (told) => console.log(JSON.stringify(told));
const shown = (answer) => say({ url: answer.data[0].url, id: answer.chatgpt_operation_id });
const file = (path) => toFile(readFileSync(path), path.split("/").pop(), { type: "image/png" });

shown(await client.images.edit({ prompt, image: createReadStream(images[0]) }));
shown(await client.images.edit({ prompt, image: await Promise.all(images.map(file)), mask: await file(mask) }));

const events = [];
for await (const event of await client.images.generate({ prompt, stream: true, partial_images: 2 })) events.push(event.type);
say({ events });
try {
  for await (const _ of await client.images.generate({ prompt: "[sim:image=failed,seconds=2] a heron", stream: true }));
  say({ raised: null });
} catch (error) {
  say({ raised: error.constructor.name, code: error.code ?? null });
}

const sent = await client.files.create({ file: await file(images[0]), purpose: "vision" });
const pages = [];
for await (const one of await client.files.list({ limit: 1 })) pages.push(one.id);
const content = Buffer.from(await (await client.files.content(sent.id)).arrayBuffer());
say({ id: sent.id, listed: pages.includes(sent.id), same: content.equals(readFileSync(images[0])), deleted: (await client.files.delete(sent.id)).deleted });
