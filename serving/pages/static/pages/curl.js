// The same request as a command: a here-document, which has no limit of length as arguments have.
import { MARK } from "./model.js";

export function command({ url, body, user, file }) {
  const escaped = body.replace(/[\\$`]/g, "\\$&").replace(MARK, `$(base64 < ${file} | tr -d '\\n')`);
  const login = user ? ` --user '${user.name.replaceAll("'", "'\\''")}'` : "";
  return `curl -s${login} -H 'Content-Type: application/json' --data-binary @- \\\n  '${url}' <<JSON\n${escaped}\nJSON`;
}
