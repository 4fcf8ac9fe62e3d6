import { vectors } from './support.ts';

const status = (code: unknown) => ({ responseStatus: { code } });

vectors('a text equals without regard to case', [
  [{ verb: 'create' }, { verb: 'create' }, true],
  [{ verb: 'Create' }, { verb: 'CREATE' }, true],
  [{ verb: 'create' }, { verb: 'created' }, false],
  [{ verb: 'create' }, {}, false],
  [{ verb: 'create' }, { verb: null }, false],
  [{ verb: 'create' }, { verb: { create: 'create' } }, false],
  [{ 'user.username': 'ÄGER' }, { user: { username: 'äger' } }, true],
]);

vectors('numbers and booleans meet their own type and their text', [
  [{ 'responseStatus.code': 403 }, status(403), true],
  [{ 'responseStatus.code': 403 }, status('403'), true],
  [{ 'responseStatus.code': '403' }, status(403), true],
  [{ 'responseStatus.code': 403 }, status(404), false],
  [{ 'responseStatus.code': 0 }, status(''), false],
  [{ 'responseStatus.code': 0 }, status(null), false],
  [{ 'requestObject.a': true }, { requestObject: { a: true } }, true],
  [{ 'requestObject.a': true }, { requestObject: { a: 'True' } }, true],
  [{ 'requestObject.a': true }, { requestObject: { a: 1 } }, false],
  [{ 'requestObject.a': false }, { requestObject: { a: false } }, true],
  [{ 'requestObject.a': false }, { requestObject: {} }, false],
  [{ 'requestObject.a': 'true' }, { requestObject: { a: true } }, true],
  [{ 'requestObject.a': 1.5 }, { requestObject: { a: 1.5 } }, true],
]);

vectors('null is absent, null or an empty list; the empty text is itself only', [
  [{ 'requestObject.a': null }, {}, true],
  [{ 'requestObject.a': null }, { requestObject: null }, true],
  [{ 'requestObject.a': null }, { requestObject: { a: null } }, true],
  [{ 'requestObject.a': null }, { requestObject: { a: [] } }, true],
  [{ 'requestObject.a': null }, { requestObject: { a: [null, 'x'] } }, true],
  [{ 'requestObject.a': null }, { requestObject: { a: '' } }, false],
  [{ 'requestObject.a': null }, { requestObject: { a: 'null' } }, false],
  [{ 'requestObject.a': [null, 'x'] }, { requestObject: { a: 'x' } }, true],
  [{ 'requestObject.a': [null, 'x'] }, { requestObject: {} }, true],
  [{ 'requestObject.a': [null, 'x'] }, { requestObject: { a: 'y' } }, false],
  [{ 'requestObject.a': '' }, { requestObject: { a: '' } }, true],
  [{ 'requestObject.a': '' }, { requestObject: { a: null } }, false],
  [{ 'requestObject.a': '' }, { requestObject: {} }, false],
]);

vectors('a list of values is linked with OR, a map with AND, a list of maps with OR', [
  [{ verb: ['create', 'update'] }, { verb: 'update' }, true],
  [{ verb: ['create', 'update'] }, { verb: 'get' }, false],
  [{ verb: ['create', 'upd*', 7] }, { verb: 'UPDATED' }, true],
  [{ verb: 'create', stage: 'Panic' }, { verb: 'create', stage: 'Panic' }, true],
  [{ verb: 'create', stage: 'Panic' }, { verb: 'create' }, false],
  [[{ verb: 'create', stage: 'Panic' }, { verb: 'get' }], { verb: 'get' }, true],
  [[{ verb: 'create', stage: 'Panic' }, { verb: 'get' }], { verb: 'create' }, false],
  [[{ verb: 'create' }, 'evil'], { userAgent: 'an evil client' }, true],
]);

vectors('keywords are searched for in every text of the event', [
  [['mimikatz', 'evil'], { userAgent: 'So EVIL' }, true],
  [['mimikatz', 'evil'], { requestObject: { deep: [{ x: 'mimiKatz.exe' }] } }, true],
  [['mimikatz', 'evil'], { userAgent: 'good' }, false],
  ['evil', { userAgent: 'evil' }, true],
  [['e?il*x'], { userAgent: 'so evil and x-rated' }, true],
  [[4711], { requestObject: { port: 4711 } }, true],
  [{ '|all': ['one', 'two'] }, { userAgent: 'two', verb: 'one' }, true],
  [{ '|all': ['one', 'two'] }, { userAgent: 'one' }, false],
  [{ '|re': 'ev[i1]l$' }, { userAgent: 'so ev1l' }, true],
  [{ '|re': 'ev[i1]l$' }, { userAgent: 'ev1l so' }, false],
  [{ '|cased': 'Evil' }, { userAgent: 'so evil' }, false],
  [{ '|contains|cased': 'Evil' }, { userAgent: 'so Evil' }, true],
  [{ '|base64offset|contains': 'secret' }, { userAgent: Buffer.from('xsecrets').toString('base64') }, true],
]);
