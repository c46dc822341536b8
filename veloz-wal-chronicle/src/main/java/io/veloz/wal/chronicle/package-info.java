/**
 * Chronicle Bytes as payloads, and the import of a Chronicle queue into a log.
 *
 * <p>This is the only package of the library with Chronicle types in its signatures. No other module depends on it.
 */
@NullMarked
package io.veloz.wal.chronicle;

import org.jspecify.annotations.NullMarked;
