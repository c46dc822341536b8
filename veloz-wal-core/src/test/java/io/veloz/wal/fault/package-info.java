/** Storages that fail on demand, for tests. */
@NullMarked
package io.veloz.wal.fault;

import org.jspecify.annotations.NullMarked;
