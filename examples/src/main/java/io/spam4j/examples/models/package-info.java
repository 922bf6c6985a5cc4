/**
 * The models that the papers train, by the names and shapes of their weights; nothing here
 * allocates one. The model that is trained here is in {@code llama}.
 */
@NullMarked
package io.spam4j.examples.models;

import org.jspecify.annotations.NullMarked;
