@NullMarked
package io.spam4j.examples.modules;

import org.jspecify.annotations.NullMarked;
