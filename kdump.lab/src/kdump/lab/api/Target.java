// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.nio.file.Path;

/**
 * What a command is about.
 *
 * @param text as the user typed it: a built-in name or a path
 * @param directory that relative paths start from
 * @param registers file with unit registers for a bare core; null for none
 */
public record Target(String text, Path directory, Path registers) { }
