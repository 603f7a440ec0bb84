// Recording what is said, with what the browser has. A recorder holds the microphone only while it records.

export const LONGEST_MS = 180_000;
const KINDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'];
const ENDINGS = { 'audio/webm': 'webm', 'audio/ogg': 'ogg', 'audio/mp4': 'm4a' };
const BITS_PER_S = 32_000; // speech
const PIECE_MS = 1_000;
const PLAYED = /^audio\/(webm|ogg|mp4|mpeg|wav|aac)$/;

export const isVoice = (row) => Boolean(row.media_type?.startsWith('audio/'));

/** Bytes of a note, to be played as sound and as nothing else. */
export function sound(bytes, mediaType) {
  return new Blob([bytes], { type: PLAYED.test(mediaType) ? mediaType : 'audio/webm' });
}

/** 95000 → 1:35. */
export function minutes(ms) {
  const whole = Math.floor(ms / 1000);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Why it cannot be recorded, as a key of the catalogue's `voice`. */
export function refusal(error) {
  if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return 'denied';
  return error.name === 'NotFoundError' ? 'noMicrophone' : 'cannot';
}

/** Asks for the microphone and records. {elapsed(), stop(), ended}: `ended` resolves to {blob, type, ending, ms}. */
export async function record() {
  const kind = globalThis.MediaRecorder && navigator.mediaDevices && KINDS.find((one) => MediaRecorder.isTypeSupported(one));
  if (!kind) throw new Error('nothing here records');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: BITS_PER_S });
  const pieces = [], began = performance.now();
  const elapsed = () => performance.now() - began;
  const stop = () => recorder.state !== 'inactive' && recorder.stop();
  const longest = setTimeout(stop, LONGEST_MS);
  const ended = new Promise((resolve) => {
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      clearTimeout(longest);
      for (const track of stream.getTracks()) track.stop();
      const type = recorder.mimeType.split(';')[0] || kind.split(';')[0];
      resolve({ blob: new Blob(pieces, { type }), type, ending: ENDINGS[type] ?? 'audio', ms: elapsed() });
    };
  });
  recorder.start(PIECE_MS);
  return { elapsed, stop, ended };
}
