// SPDX-License-Identifier: Apache-2.0

/// The page at `/docs`: it reads `/openapi.json` and the models' metadata, and sends what the reader writes.
/// Nothing in it comes from elsewhere.
enum DocumentPage {
    static let html: StaticString = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>modeld</title>
        <style>
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
        body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
        code, textarea, pre { font: 0.9rem/1.4 ui-monospace, monospace; }
        textarea { box-sizing: border-box; width: 100%; min-height: 9rem; }
        pre { overflow: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 4px; white-space: pre-wrap; }
        select, button { font: inherit; padding: 0.25rem 0.75rem; }
        table { border-collapse: collapse; width: 100%; } td { padding: 0.2rem 0.6rem 0.2rem 0; vertical-align: top; }
        label { display: block; margin: 0.75rem 0 0.25rem; }
        .error { color: #c22; }
        </style>
        </head>
        <body>
        <main>
        <h1>modeld <span id="version"></span></h1>
        <p>Everything below is also in <a href="/openapi.json">/openapi.json</a>; a model's own document is at
        <code>/openapi/NAME</code>.</p>
        <h2>Try a model</h2>
        <label for="model">Model</label><select id="model"></select>
        <label for="form">Request</label>
        <select id="form"><option value="v2">Open Inference Protocol</option><option value="v1">Instances</option></select>
        <p id="about"></p>
        <label for="path">Sent to</label><code id="path"></code>
        <label for="body">Body</label><textarea id="body" spellcheck="false"></textarea>
        <p><button id="send">Send</button> <span id="status" role="status"></span></p>
        <pre id="answer" aria-live="polite"></pre>
        <h2>Routes</h2>
        <table id="routes"></table>
        </main>
        <script>
        const at = id => document.getElementById(id);
        const say = (id, text) => { at(id).textContent = text; };
        let metadata = null;
        async function json(path) {
          const answer = await fetch(path);
          if (!answer.ok) throw new Error((await answer.json()).error || answer.status);
          return answer.json();
        }
        function example(tensor) {
          const shape = tensor.shape.map(size => size < 0 ? 1 : size);
          const count = shape.reduce((product, size) => product * size, 1);
          const value = tensor.datatype === "BYTES" ? "" : tensor.datatype === "BOOL" ? false : 0;
          return { name: tensor.name, shape, datatype: tensor.datatype, data: Array(count).fill(value) };
        }
        function nested(list, shape) {
          if (shape.length === 0) return list[0];
          const step = list.length / (shape[0] || 1);
          return Array.from({ length: shape[0] }, (_, i) => nested(list.slice(i * step, (i + 1) * step), shape.slice(1)));
        }
        // One row of a tensor, as the instances form has it: a bare value where a row is only one.
        function rowOf(input) {
          return input.data.length === 1 ? input.data[0] : nested(input.data, input.shape.slice(1));
        }
        function fill() {
          if (!metadata) return;
          const name = encodeURIComponent(metadata.name), inputs = metadata.inputs.map(example);
          const isV2 = at("form").value === "v2";
          say("path", isV2 ? `POST /v2/models/${name}/infer` : `POST /v1/models/${name}:predict`);
          const row = inputs.length === 1 ? nested(inputs[0].data, inputs[0].shape.slice(1))
            : Object.fromEntries(inputs.map(input => [input.name, rowOf(input)]));
          at("body").value = JSON.stringify(isV2 ? { inputs } : { instances: [row] }, null, 1)
            .replace(/\[[^\[\]{}]*\]/g, list => list.replace(/\s+/g, " "));
          say("about", `${metadata.platform}, versions ${metadata.versions.join(", ")}; answers `
            + metadata.outputs.map(output => `${output.name} ${output.datatype} [${output.shape}]`).join(", "));
        }
        async function choose() {
          metadata = null;
          say("answer", "");
          try {
            metadata = await json("/v2/models/" + encodeURIComponent(at("model").value));
            fill();
          } catch (error) { say("about", error.message); at("about").className = "error"; return; }
          at("about").className = "";
        }
        async function send() {
          const [method, path] = at("path").textContent.split(" ");
          if (!path) return;
          const start = performance.now();
          try {
            const answer = await fetch(path, { method, body: at("body").value, headers: { "Content-Type": "application/json" } });
            const text = await answer.text();
            const code = answer.headers.get("Modeld-Error-Code");
            say("status", `${answer.status}${code ? ` ${code}` : ""} in ${(performance.now() - start).toFixed(1)} ms`);
            at("status").className = answer.ok ? "" : "error";
            let shown = text;
            try { shown = JSON.stringify(JSON.parse(text), null, 1); } catch {}
            say("answer", shown);
          } catch (error) { say("status", error.message); }
        }
        async function begin() {
          const api = await json("/openapi.json");
          say("version", api.info.version);
          for (const [path, methods] of Object.entries(api.paths)) {
            for (const [method, operation] of Object.entries(methods)) {
              const row = at("routes").insertRow(), cell = row.insertCell().appendChild(document.createElement("code"));
              cell.textContent = `${method.toUpperCase()} ${path}`;
              row.insertCell().textContent = operation.summary;
            }
          }
          const { models } = await json("/v2/models");
          for (const name of models) at("model").add(new Option(name, name));
          if (models.length) await choose(); else say("about", "No model is there yet.");
        }
        at("model").onchange = choose;
        at("form").onchange = fill;
        at("send").onclick = send;
        begin().catch(error => { say("about", error.message); at("about").className = "error"; });
        </script>
        </body>
        </html>

        """#
}
