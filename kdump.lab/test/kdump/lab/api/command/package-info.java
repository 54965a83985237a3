// SPDX-License-Identifier: Apache-2.0

/** Tests of what commands share. */
package kdump.lab.api.command;
