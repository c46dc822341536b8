/** Reads the order logs that the engine itself wrote before this library, and never changes them. */
@NullMarked
package io.veloz.wal.legacy;

import org.jspecify.annotations.NullMarked;
