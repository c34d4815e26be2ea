// What went wrong, in the visitor's words.
import { say } from "./words.js";

// Something to tell the visitor: kind is a key of words.trouble, said is the server's own text.
export class Trouble extends Error {
  constructor(kind, values = {}, said = "") {
    super(say(`trouble.${kind}.text`, values));
    Object.assign(this, { kind, title: say(`trouble.${kind}.title`), said });
  }
}
