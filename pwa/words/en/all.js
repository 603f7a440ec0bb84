// The English catalogue.

import building from './building.js';
import field from './field.js';
import own from './own.js';
import shell from './shell.js';
import sync from './sync.js';
import values from './values.js';
import work from './work.js';

export default { ...shell, ...building, ...work, ...field, ...sync, ...own, ...values };
