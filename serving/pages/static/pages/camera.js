// A picture from the camera: of a phone by its own program, elsewhere by a viewfinder on the page.
import { Trouble } from "./trouble.js";

const dialog = document.getElementById("viewfinder");
const video = document.getElementById("video");
const snapshot = document.getElementById("snapshot");
const shoot = document.getElementById("shoot");

// Calls take(blob) with a picture that was taken, or refuse(Trouble).
export function prepare(take, refuse) {
  document.getElementById("camera").addEventListener("click", () => {
    if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices) snapshot.click();
    else open().catch(() => refuse(new Trouble("camera")));
  });
  snapshot.addEventListener("change", () => {
    if (snapshot.files[0]) take(snapshot.files[0]);
    snapshot.value = "";
  });
  // A camera that is on has shown nothing yet.
  video.addEventListener("loadeddata", () => { shoot.disabled = false; });
  shoot.addEventListener("click", () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    dialog.close();
    canvas.toBlob(take, "image/png");
  });
  document.getElementById("no-shot").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  });
}

async function open() {
  shoot.disabled = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  dialog.showModal();
  await video.play();
}
