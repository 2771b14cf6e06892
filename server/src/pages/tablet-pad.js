// The pad: what a pen or a finger writes, sample by sample, and what it looks like.
const POINTS_MAX = 30_000;
const STROKES_MAX = 500;
const TURNED = 0.1;

const round = (value, digits) => Number(value.toFixed(digits));

/** Takes strokes on a canvas. `changed` is told how many there are; `turned` that it had to begin anew. */
export function pad(canvas, { server, changed, turned }) {
  const context = canvas.getContext("2d");
  const started = { client: Date.now(), server: Math.round(server()) };
  let strokes = [];
  let current = null;
  let origin = 0;
  let size = { w: 1, h: 1, ratio: 1 };

  const samples = () => strokes.reduce((sum, stroke) => sum + stroke.pts.length, 0);

  function line(from, to) {
    context.beginPath();
    context.lineWidth = 1.2 + 2.2 * (to.p || 0.5);
    context.lineCap = "round";
    context.strokeStyle = "#0b1a4a";
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }

  // Only where nothing is written yet: what is being signed never changes its size.
  function fit() {
    const box = canvas.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    size = { w: Math.max(1, Math.round(box.width)), h: Math.max(1, Math.round(box.height)), ratio };
    canvas.width = Math.round(size.w * ratio);
    canvas.height = Math.round(size.h * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.w, size.h);
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    const last = strokes.at(-1)?.pts.at(-1) ?? strokes.at(-2)?.pts.at(-1);
    return {
      x: round((event.clientX - box.left) * (size.w / box.width), 2),
      y: round((event.clientY - box.top) * (size.h / box.height), 2),
      t: Math.max(last?.t ?? 0, round(Math.max(0, event.timeStamp - origin), 1)),
      p: round(Math.min(1, Math.max(0, event.pressure)), 4),
      tx: Math.round(event.tiltX || 0), ty: Math.round(event.tiltY || 0),
    };
  }

  function down(event) {
    if (current || event.button !== 0 || strokes.length >= STROKES_MAX || samples() >= POINTS_MAX) return;
    // A hand that rests on the glass beside a pen writes nothing.
    if (event.pointerType === "touch" && strokes.some((stroke) => stroke.type === "pen")) return;
    if (event.pointerType === "pen" && strokes.some((stroke) => stroke.type === "touch")) clear();
    event.preventDefault();
    if (!strokes.length) origin = event.timeStamp;
    canvas.setPointerCapture(event.pointerId);
    current = { type: event.pointerType, id: event.pointerId, pts: [] };
    strokes.push(current);
    current.pts.push(point(event));
  }

  function move(event) {
    if (!current || event.pointerId !== current.id) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const one of coalesced.length ? coalesced : [event]) {
      if (samples() >= POINTS_MAX) return;
      const next = point(one);
      line(current.pts.at(-1), next);
      current.pts.push(next);
    }
  }

  function up(event) {
    if (!current || event.pointerId !== current.id) return;
    current = null;
    changed(strokes.length);
  }

  function clear() {
    strokes = [];
    current = null;
    fit();
    changed(0);
  }

  function resized() {
    const box = canvas.getBoundingClientRect();
    const shape = (box.width / box.height) / (size.w / size.h);
    if (strokes.length && Math.abs(shape - 1) < TURNED) return;
    const had = strokes.length > 0;
    clear();
    if (had) turned();
  }

  const still = (event) => event.preventDefault();
  const events = [["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up], ["contextmenu", still]];
  for (const [name, action] of events) canvas.addEventListener(name, action);
  canvas.addEventListener("touchstart", still, { passive: false });
  addEventListener("resize", resized);
  fit();

  return {
    clear,
    /** Whether anything is written. */
    any: () => strokes.length > 0,
    /** The record, as it is sent in. */
    record: () => ({
      v: 1, unit: "css-px", w: size.w, h: size.h, dpr: round(size.ratio, 2), started,
      pointerType: ["pen", "touch"].includes(strokes[0]?.type) ? strokes[0].type : "mouse",
      strokes: strokes.map((stroke) => ({ pts: stroke.pts })),
    }),
    /** Forgets everything, and what was drawn. */
    end() {
      removeEventListener("resize", resized);
      strokes = [];
      current = null;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      canvas.width = 0;
    },
  };
}
