// What an address such as ?scene=shapes has the first follower do, one thing after the other.
const QUESTION = { zh: "最大的图形是什么颜色？", en: "What colour is the largest shape?" };
const PATIENCE = 30000; // milliseconds for an answer

const sample = (name) => ({ phone }) => phone.sendSample(`${name}.jpg`);

const SCENES = {
  digit: [sample("1-digit-3")],
  shapes: [sample("5-shapes"), ({ phone, language }) => phone.say(QUESTION[language])],
  cat: [sample("6-cat")],
  tour: [sample("1-digit-3"), sample("5-shapes"), sample("6-cat")],
  menu: [({ phone }) => phone.menu.open(true)],
};

export async function play(name, { phone, language, stage, faults }) {
  const steps = faults.includes(name) ? [() => stage.fault(name)] : SCENES[name] ?? [];
  for (const step of steps) {
    await step({ phone, language });
    await quiet(phone);
  }
}

// Resolves when the phone waits for no answer.
export function quiet(phone) {
  const end = Date.now() + PATIENCE;
  return new Promise((done) => {
    const look = () => {
      if (phone.pending.length === 0 && phone.pushes.length || Date.now() > end) done();
      else setTimeout(look, 50);
    };
    setTimeout(look, 200);
  });
}
