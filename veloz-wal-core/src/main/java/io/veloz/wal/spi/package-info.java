/**
 * The interfaces for archives and for tools that copy the files of a log. An application that only appends and reads does
 * not need this package.
 */
@NullMarked
package io.veloz.wal.spi;

import org.jspecify.annotations.NullMarked;
