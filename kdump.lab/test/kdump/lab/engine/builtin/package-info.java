// SPDX-License-Identifier: Apache-2.0

/** The machines of the lab under hand-overs, and what an import makes of captured ones. */
package kdump.lab.engine.builtin;
