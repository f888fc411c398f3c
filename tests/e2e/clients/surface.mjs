// What OpenAI's client for Node has beside what its page shows: what each call came to, a line of JSON each.
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI();
const say = (told) => console.log(JSON.stringify(told));
const asks = (content, more = {}) => ({ model: "auto", messages: [{ role: "user", content }], ...more });
const Tide = z.object({ harbour: z.string() });
const Ship = z.object({ name: z.string(), masts: z.number().int() });

// Chats.
const tools = [zodFunction({ name: "read_tide", parameters: Tide })];
const called = await client.chat.completions.stream(asks("How high is the tide?", { tools })).finalChatCompletion();
say(called.choices[0].message.tool_calls.map((call) => call.function.parsed_arguments));
const form = { response_format: zodResponseFormat(Ship, "ship") };
const refused = (await client.chat.completions.parse(asks("What of a secret?", form))).choices[0].message;
say([refused.parsed, refused.refusal]);
const several = await client.chat.completions.create(asks("Of a heron", { n: 3, max_tokens: 2 }));
say(several.choices.map((choice) => [choice.message.content, choice.finish_reason]));

// Responses.
const first = await client.responses.parse({
  model: "auto",
  input: [{ role: "user", content: "How high is the flood?" }],
  tools: [zodResponsesFunction({ name: "read_tide", parameters: Tide })],
});
const call = first.output.at(-1);
const output = { type: "function_call_output", call_id: call.call_id, output: "1.4 m" };
const second = await client.responses.create({ model: "auto", input: [output], previous_response_id: first.id });
say([call.parsed_arguments, second.output_text]);
const items = [];
for await (const item of client.responses.inputItems.list(second.id)) items.push(item.type);
say(items);
const parsed = await client.responses.parse({ model: "auto", input: "The Anna", text: { format: zodTextFormat(Ship, "ship") } });
say(parsed.output_parsed);
say((await client.responses.inputTokens.count({ model: "auto", input: "One two three" })).input_tokens > 0);
const compacted = await client.responses.compact({ model: "auto", input: "Let us speak of birds." });
say(compacted.output.map((item) => item.type));
await client.responses.delete(first.id);
say(await client.responses.retrieve(first.id).catch((error) => error.constructor.name));
