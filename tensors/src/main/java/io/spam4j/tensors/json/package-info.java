/** What this module and the engine need to write JSON: strings; numbers need no help. */
package io.spam4j.tensors.json;
