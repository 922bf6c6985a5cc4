/**
 * What a command shares with the process and the machine it runs in: the terminal, Ctrl-C, the
 * looks of its errors, exit codes, versions. Nothing here knows any command; the form of results
 * belongs to {@code output}.
 */
@NullMarked
package io.spam4j.examples.shell;

import org.jspecify.annotations.NullMarked;
