// Pictures from files, the clipboard, a drop or the camera: upright, opaque, not too large, JPEG.
// Models ignore a photo's orientation and what is transparent, so that is settled here.
import { Trouble } from "./trouble.js";

const LONGEST = 1024; // pixels of the longer side; models look at 400 or less
const QUALITY = 0.92;

// Returns {blob, width, height}; raises Trouble.
export async function read(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Trouble("picture", { name: file.name || file.type });
  }
  const { canvas, width, height } = flat(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
  return { blob: await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY)), width, height };
}

function flat(source, sourceWidth, sourceHeight) {
  const scale = Math.min(1, LONGEST / Math.max(sourceWidth, sourceHeight));
  const [width, height] = [sourceWidth, sourceHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return { canvas, width, height };
}

// Returns its base64, as JSON wants it.
export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const step = 0x8000; // what a call takes as arguments
  let text = "";
  for (let at = 0; at < bytes.length; at += step) text += String.fromCharCode(...bytes.subarray(at, at + step));
  return btoa(text);
}

// Calls take(file) for whatever is pasted or dropped on the page; not while enabled() is false.
export function watch(enabled, take) {
  const first = (list) => [...(list?.files ?? [])][0];
  const { body } = document;
  document.addEventListener("paste", (event) => {
    const file = enabled() && first(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  document.addEventListener("dragover", (event) => {
    if (!enabled() || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    body.classList.remove("dragging");
    const file = enabled() && first(event.dataTransfer);
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
