/** Storages for tests that inject faults. */
@NullMarked
package io.veloz.wal.fault;

import org.jspecify.annotations.NullMarked;
