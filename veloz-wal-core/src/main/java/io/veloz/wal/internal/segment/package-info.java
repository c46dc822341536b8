/**
 * Creation, writing, sealing and scanning of a single segment file. Nothing here starts a thread or knows about the
 * directory as a whole.
 */
@NullMarked
package io.veloz.wal.internal.segment;

import org.jspecify.annotations.NullMarked;
