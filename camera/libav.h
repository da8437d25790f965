// The first video stream of a file, decoded by FFmpeg's libraries, which are
// loaded when the first file is opened. One goroutine at a time uses a video;
// pictures may be let go of from any.
#ifndef RTV_LIBAV_H
#define RTV_LIBAV_H

#include <stdint.h>

typedef struct rtv_video rtv_video;

typedef struct {
  int rate[2], average[2];  // frames a second, as fractions
  int64_t frames;           // 0 when the file does not say
  int turned;               // to be shown rotated or mirrored
} rtv_video_info;

// Chroma is RTV_OTHER for layouts other than three planes of bytes.
enum { RTV_OTHER, RTV_420, RTV_422, RTV_444 };

typedef struct {
  int chroma, full_range;
} rtv_video_layout;

typedef struct {
  int width, height;
  rtv_video_layout layout;
  uint8_t* plane[3];
  int stride[3];
} rtv_video_picture;

enum { RTV_VIDEO_END = 1, RTV_VIDEO_NO_LIBRARY = 2 };

// All return 0, one of the above, or FFmpeg's error, which is negative.
int rtv_video_open(const char* path, rtv_video** out, rtv_video_info* info);
int rtv_video_read(rtv_video* v, void* picture, rtv_video_picture* out);
void rtv_video_close(rtv_video* v);

// A picture holds what rtv_video_read gave until it is cleared or freed.
void* rtv_picture_new(void);
void rtv_picture_clear(void* picture);
void rtv_picture_free(void* picture);

#endif
