/**
 * Whether this host's GPU gives the bits of the CPU, and how near to its memory's speed: {@link
 * io.spam4j.cuda.selftest.SelfTest} shows on a host's own GPU what the tests show on a stand-in.
 * Each check is a class that fills a section of the report. It sees everything; nothing sees it.
 */
package io.spam4j.cuda.selftest;
