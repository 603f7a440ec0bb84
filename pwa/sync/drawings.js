// What lies beneath plans: of a photo that is here the photo itself, else a page's picture, which the server makes of any file, a
// PDF among them. It is fetched for every drawing of a building that is kept here, so that it is there without a network.

import { copied, hasRoom, ROOT } from './attachments.js';

const READ_HERE = /^image\/(png|jpeg|webp|gif|bmp|avif)$/;

export class Drawings {
  constructor(photos) {
    this.photos = photos;
  }

  place(scope, hash, page) {
    return this.photos.place(scope, 'page', `${hash}-${page}`);
  }

  /**
   * {where, blob}: blob is null but where it is 'here' (a photo as it was taken) or 'page' (a picture that says how fine it
   * is). Else 'waiting': it comes from the server once it was sent there; 'server': it would come with a network; 'elsewhere':
   * it has not come from another's device; 'none': nobody can make a picture of it.
   */
  async picture(scope, hash, page) {
    const { photos } = this, row = photos.rows(scope).find((one) => one.sha256 === hash);
    const [fresh, whole] = await Promise.all(['new', 'whole'].map((kind) => photos.files.read(photos.place(scope, kind, hash))));
    const here = fresh ?? whole;
    if (here && page === 1 && READ_HERE.test(row?.media_type ?? '')) return { where: 'here', blob: await copied(here) };
    const kept = await photos.files.read(this.place(scope, hash, page));
    const made = kept ?? (row?.upload_state === 'here' ? await this.fetch(scope, hash, page) : null);
    if (made) return made.size ? { where: 'page', blob: await copied(made) } : { where: 'none', blob: null };
    return { where: fresh ? 'waiting' : row?.upload_state === 'here' ? 'server' : 'elsewhere', blob: null };
  }

  fetch(scope, hash, page) {
    return this.photos.fetchMade(this.place(scope, hash, page), `${ROOT}/${scope}/${hash}?page=${page}`);
  }

  async fetchAll() {
    const { photos } = this;
    for (const scope of photos.buildings()) {
      const kept = await photos.files.names(photos.place(scope, 'page').slice(0, 3));
      for (const { sha256: hash, page } of photos.home.replica(scope).database.rows(WANTED)) {
        if (kept.has(`${hash}-${page}`)) continue;
        if (photos.again || !(await hasRoom(0))) return; // what was made here meanwhile goes up first
        const came = () => this.fetch(scope, hash, page);
        if (await photos.each({ scope, hash }, came)) photos.tell('photos', { scope, sha256: hash });
      }
    }
  }
}

const WANTED = `
  select distinct sha256, coalesce(page, 1) as page
  from floor_plan
  join attachment on attachment.id = floor_plan.attachment_id
  where upload_state = 'here' and sha256 is not null
    and floor_plan.id not in (select supersedes from floor_plan where supersedes is not null and affine_a is not null)`;
