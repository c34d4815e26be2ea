// Two windows over the page: a picture at its full size, and the camera.

const viewer = document.getElementById("viewer");
const camera = document.getElementById("camera");
const video = camera.querySelector("video");
const shoot = document.getElementById("shoot");

export function view(address, description) {
  const image = viewer.querySelector("img");
  image.src = address;
  image.alt = description;
  viewer.showModal();
}
viewer.addEventListener("click", (event) => {
  if (event.target === viewer || event.target.localName === "img") viewer.close();
});

let deliver = null; // what to do with the photo

export async function photograph(send) {
  deliver = send;
  const trouble = camera.querySelector("p");
  trouble.hidden = true;
  video.hidden = shoot.hidden = false;
  shoot.disabled = true;
  camera.showModal();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    if (!camera.open) stop(); // closed before it was allowed
  } catch {
    video.hidden = shoot.hidden = true;
    trouble.hidden = false;
  }
}

function stop() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

// A camera that is on has shown nothing yet.
video.addEventListener("loadeddata", () => { shoot.disabled = false; });
shoot.addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((photo) => photo && deliver(photo), "image/jpeg", 0.92);
  camera.close();
});
camera.addEventListener("close", stop);
