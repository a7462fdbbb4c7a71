/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Names and files of the log's directory, made to last: a file is synced before anything names it,
 * a name by syncing its directory, a new directory by syncing its parent.
 *
 * All of it blocks, so at run time it is done as a job of the offload thread, which owns copies of
 * everything it needs.
 */
#include "persist/aof_internal.h"

#include "base/mem.h"
#include "base/num.h"
#include "io/clock.h"
#include "persist/plant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define AOF_FILE_MODE 0644
#define AOF_DIRECTORY_MODE 0755

static const char *path_join(const char *directory, const char *name, char *out)
{
	int len = snprintf(out, AOF_PATH_MAX_BYTES, "%s/%s", directory, name);
	return len > 0 && len < AOF_PATH_MAX_BYTES ? out : NULL;
}

const char *aof_path(const struct aof *a, const char *name, char *out)
{
	return path_join(a->directory, name, out);
}

void aof_find_directory(struct aof *a)
{
	char cwd[PATH_MAX];
	char path[AOF_PATH_MAX_BYTES];
	const char *base = getcwd(cwd, sizeof(cwd)) == NULL ? "." : cwd;
	mem_free(a->directory);
	a->directory = mem_dup_text(
		path_join(base, a->config->dirname, path) == NULL ? a->config->dirname : path);
}

const char *aof_manifest_name(const struct aof *a, char *out)
{
	snprintf(out, AOF_PATH_MAX_BYTES, "%s" MANIFEST_NAME_SUFFIX, a->config->filename);
	return out;
}

uint64_t aof_file_size(const struct aof *a, const char *name)
{
	char path[AOF_PATH_MAX_BYTES];
	struct stat st;
	if (name == NULL || aof_path(a, name, path) == NULL || stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* --- steps ------------------------------------------------------------------------------------ */

int aof_sync_directory(const char *directory)
{
	if (PLANTED(PLANT_NO_DIR_FSYNC))
		return 0;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return error;
}

int aof_make_directory(const char *directory)
{
	char parent[AOF_PATH_MAX_BYTES];
	if (mkdir(directory, AOF_DIRECTORY_MODE) != 0)
		return errno == EEXIST ? 0 : errno;
	snprintf(parent, sizeof(parent), "%s", directory);
	char *slash = strrchr(parent, '/');
	if (slash == NULL)
		return aof_sync_directory(".");
	slash[slash == parent] = '\0';
	return aof_sync_directory(parent);
}

static int write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, at, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

int aof_create_file(const char *path, const char *line, size_t line_len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, AOF_FILE_MODE);
	if (fd < 0)
		return -errno;
	int error = write_all(fd, line, line_len);
	if (error == 0 && fsync(fd) != 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	unlink(path);
	return -error;
}

int aof_write_manifest(const char *directory, const char *file, struct bytes text)
{
	char path[AOF_PATH_MAX_BYTES], temp[AOF_PATH_MAX_BYTES], name[AOF_PATH_MAX_BYTES];
	snprintf(name, sizeof(name), "temp-%s", file);
	if (path_join(directory, file, path) == NULL || path_join(directory, name, temp) == NULL)
		return ENAMETOOLONG;
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, AOF_FILE_MODE);
	if (fd < 0)
		return errno;
	int error = write_all(fd, text.ptr, text.len);
	if (error == 0 && !PLANTED(PLANT_RENAME_FIRST) && fsync(fd) != 0)
		error = errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(temp, path) != 0)
		error = errno;
	if (error != 0) {
		unlink(temp);
		return error;
	}
	return aof_sync_directory(directory);
}

int aof_mark_closed(const char *path, uint64_t size)
{
	const size_t len = sizeof(AOF_CLOSED_LINE) - 1;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ssize_t done = pwrite(fd, AOF_CLOSED_LINE, len, (off_t)size);
	int error = done < 0 ? errno : 0;
	if (done >= 0 && done < (ssize_t)len && ftruncate(fd, (off_t)size) != 0)
		error = errno;
	close(fd);
	return error;
}

/* The half-made bases of processes that are gone. Another server may share the directory. */
void aof_remove_leftovers(const char *directory)
{
	static const char prefix[] = AOF_TEMP_BASE_PREFIX;
	char path[AOF_PATH_MAX_BYTES];
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		int64_t pid;
		struct bytes name = bytes_text(entry->d_name);
		if (name.len < sizeof(prefix) || memcmp(name.ptr, prefix, sizeof(prefix) - 1) != 0)
			continue;
		size_t digits = strcspn(name.ptr + sizeof(prefix) - 1, ".");
		if (!num_parse_i64(bytes_of(name.ptr + sizeof(prefix) - 1, digits), &pid) ||
			pid <= 0 || pid > INT32_MAX)
			continue;
		if ((kill((pid_t)pid, 0) == 0 || errno != ESRCH) && pid != getpid())
			continue;
		if (path_join(directory, entry->d_name, path) != NULL)
			unlink(path);
	}
	if (entries != NULL)
		closedir(entries);
}

/* --- jobs ------------------------------------------------------------------------------------- */

struct aof_job *aof_job_new(struct aof *a, void (*done)(struct aof *a, struct aof_job *job))
{
	struct aof_job *job = mem_calloc(1, sizeof(*job));
	char name[AOF_PATH_MAX_BYTES];
	job->aof = a;
	job->done = done;
	job->fd = -1;
	job->directory = mem_dup_text(a->directory);
	job->manifest_name = mem_dup_text(aof_manifest_name(a, name));
	return job;
}

static void job_free(struct aof_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	for (int i = 0; i < job->removed.count; i++)
		mem_free(job->removed.files[i].name);
	mem_free(job->removed.files);
	mem_free(job->directory);
	mem_free(job->create);
	mem_free(job->rename_from);
	mem_free(job->rename_to);
	mem_free(job->manifest_name);
	mem_free(job->remove);
	mem_free(job->mark);
	buf_release(&job->manifest);
	buf_release(&job->manifest_after);
	mem_free(job);
}

static bool job_step(struct aof_job *job, int error, const char *what)
{
	job->error = error;
	job->what = what;
	return error == 0;
}

static bool job_create(struct aof_job *job)
{
	if (job->create == NULL)
		return true;
	job->fd = aof_create_file(job->create, job->line, job->line_len);
	return job_step(job, job->fd < 0 ? -job->fd : 0, "create a file") &&
	       job_step(job, aof_sync_directory(job->directory), "sync the directory");
}

static bool job_rename(struct aof_job *job)
{
	if (job->rename_from == NULL)
		return true;
	int64_t begin_us = clock_mono_us();
	int error = rename(job->rename_from, job->rename_to) == 0 ? 0 : errno;
	job->rename_us = clock_mono_us() - begin_us;
	return job_step(job, error, "rename a file") &&
	       job_step(job, aof_sync_directory(job->directory), "sync the directory");
}

static bool job_manifest(struct aof_job *job, struct bytes text)
{
	return text.len == 0 ||
	       job_step(job, aof_write_manifest(job->directory, job->manifest_name, text),
		       "write the manifest");
}

/* A file that is gone already is no failure: the manifest may be older than its deletion. */
static void job_remove(struct aof_job *job)
{
	char path[AOF_PATH_MAX_BYTES];
	for (int i = 0; i < job->removed.count; i++)
		if (path_join(job->directory, job->removed.files[i].name, path) != NULL)
			unlink(path);
	if (job->remove != NULL)
		unlink(job->remove);
}

static void job_work(struct offload *offload)
{
	struct aof_job *job = offload->context;
	if (!job_step(job, aof_make_directory(job->directory), "make the directory"))
		return;
	if (!job_create(job) || !job_rename(job) || !job_manifest(job, buf_bytes(&job->manifest)))
		return;
	job_remove(job);
	if (job->mark != NULL)
		(void)aof_mark_closed(job->mark, job->mark_size);
	(void)job_manifest(job, buf_bytes(&job->manifest_after));
}

static void job_done(struct offload *offload)
{
	struct aof_job *job = offload->context;
	struct aof *a = job->aof;
	a->jobs--;
	if (job->rename_us > 0)
		persist_note_latency(a->p, "aof-rename", job->rename_us);
	job->done(a, job);
	job_free(job);
}

void aof_job_submit(struct aof_job *job, bool at_once)
{
	job->offload = (struct offload){.work = job_work, .done = job_done, .context = job};
	job->aof->jobs++;
	if (!at_once) {
		offload_submit(job->aof->p->loop, &job->offload);
		return;
	}
	job_work(&job->offload);
	job_done(&job->offload);
}
