// @ts-check
// A photograph from the device's camera, as a Blob; null when the reader thinks better of it.
import { contextOf, el } from "../../web/dom.js";

export async function camera() {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Error("This browser offers no camera: open a picture instead.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 } },
      audio: false,
    });
  } catch {
    throw new Error("No camera could be used: open a picture instead.");
  }
  const video = el("video", {
    autoplay: true,
    playsinline: true,
    muted: true,
    "aria-label": "The camera's picture",
  });
  video.srcObject = stream;
  const take = el("button", { type: "button", class: "main" }, "Take the picture");
  const cancel = el("button", { type: "button" }, "Cancel");
  const dialog = el(
    "dialog",
    { class: "camera", "aria-label": "Photograph a digit" },
    video,
    el("p", { class: "note" }, "Fill the frame with one digit on plain paper."),
    el("div", { class: "row" }, take, cancel),
  );
  document.body.append(dialog);
  dialog.showModal();
  try {
    return await new Promise((/** @type {(picture: Blob | null) => void} */ resolve, reject) => {
      take.addEventListener("click", () => {
        const shot = el("canvas", { width: video.videoWidth, height: video.videoHeight });
        contextOf(shot).drawImage(video, 0, 0);
        shot.toBlob(
          (blob) => (blob ? resolve(blob) : reject(new Error("The camera gave no picture."))),
          "image/png",
        );
      });
      cancel.addEventListener("click", () => resolve(null));
      dialog.addEventListener("cancel", () => resolve(null));
    });
  } finally {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  }
}
