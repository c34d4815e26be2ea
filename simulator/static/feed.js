// What happened, as it happens: everybody who listens is told each event once, in order.
import { Gone, get } from "./wire.js";

const WAIT = 15; // seconds that the simulator may wait for news
const PAUSE = 1000; // milliseconds until it is asked again, when it is gone

export class Feed {
  constructor(onEvent, onGone) {
    this.events = [];
    this.run = null;
    this.onEvent = onEvent;
    this.onGone = onGone;
  }

  async start() {
    this.take(await get("/chat/events"));
    this.follow();
  }

  of(follower) {
    return this.events.filter((event) => event.follower === follower);
  }

  take({ run, events }) {
    if (this.run && run !== this.run) location.reload(); // another run knows nobody of this one
    this.run = run;
    for (const event of events) {
      this.events.push(event);
      this.onEvent(event);
    }
  }

  async follow() {
    for (;;) {
      try {
        this.take(await get("/chat/events", { since: this.events.length, wait: WAIT }));
        this.onGone(false);
      } catch (error) {
        this.onGone(error instanceof Gone);
        await new Promise((done) => setTimeout(done, PAUSE));
      }
    }
  }
}
