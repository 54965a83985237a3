// SPDX-License-Identifier: Apache-2.0

/** What the policies do to a run: the mechanism behind each claim. */
package kdump.lab.engine.policies;
