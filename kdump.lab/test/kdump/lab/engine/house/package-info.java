// SPDX-License-Identifier: Apache-2.0

/** How the sources lie: packages, arrows between them, words that shared code does without. */
package kdump.lab.engine.house;
